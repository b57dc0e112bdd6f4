"""What the user writes (`persona.yaml`, `rubric.yaml`, recipes' YAML) and where the product keeps its state."""
