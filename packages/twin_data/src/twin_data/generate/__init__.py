"""Instruction and preference datasets, certified before anything is trained on them."""
