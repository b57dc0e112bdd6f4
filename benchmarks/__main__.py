"""`python -m benchmarks`: what can be measured, and how."""

from __future__ import annotations

LIST = """\
Each prints a Markdown table; put it into docs/benchmarks.md with the date and the machine's size.

  python -m benchmarks.retrieval            reranked and fused against each leg and reciprocal rank fusion
  python -m benchmarks.answerability [--fit]  the judge that decides between answering and declining
  python -m benchmarks.authorship [--cheats]  the voice beside character 4-grams, Burrows' Delta and sentence embeddings
  python -m benchmarks.counterfeit_twins    planted twins through evaluation and gate: what each is told by
  python -m benchmarks.phrase_overuse       pet phrases stuffed into assistant prose and into the author's own chapters
  python -m benchmarks.harness              an evaluation's time beside a bare client and Inspect alone, over a stub
  python -m benchmarks.verifier [--labels FILE]  the claim verifier beside its peers: planted distortions, hand labels
  python -m benchmarks.reworded [--show]    what is shipped of reworded sentences, and how much of it is true
  python -m benchmarks.label_rows EVALUATION... --into FOLDER  sentences for hand labels, without any verdict
  python -m benchmarks.label_agreement FIRST SECOND  how far two passes of hand labels agree
  python -m benchmarks.cleaning [--peers FOLDER]  duplicates, decontamination and quality rules beside their peers
  python -m benchmarks.growth [--documents N]  time and memory from duplicates to chunks, from 1,000 documents up
  python -m benchmarks.planted [--small]    a planted archive through the stages: what is found, what is lost
  python -m benchmarks.extraction           the text of saved pages and mails against gold, beside trafilatura
  python -m benchmarks.watch                from writing a file to its being found, and features that have not changed
  python -m benchmarks.drift                detection of foreign questions in a window, and false alarms
  python -m benchmarks.gate                 false promotions, power and coverage of the gate, by simulation
  python -m benchmarks.xstest [FILE]        the rules that refuse for safety: over- and under-refusal, offline
  python -m benchmarks.refusals [--misses]  refusals in many voices beside denials that answer, on hand labels
  python -m benchmarks.stance [--misses]    stance by rules beside the sentence's mood, on hand labels
  python -m benchmarks.stance_planted       stance by topic: false alarms, and twins that take sides
  python -m benchmarks.stance_rows          sentences for hand labels of stance, drawn by chance
  python -m benchmarks.training             tokens a second of training, launched in each way
  python -m benchmarks.ladder               how often the ladder sends up rightly and wrongly, on simulated rungs
  python -m benchmarks.bundles PERSONA      every evaluated bundle side by side, with training and answers
  python -m benchmarks.throughput PERSONA   tokens a second through the service beside raw vLLM (needs `twin up`)
"""

if __name__ == "__main__":
    print(LIST)
