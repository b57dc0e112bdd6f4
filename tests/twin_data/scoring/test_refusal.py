"""Refusals told by what they say. Each fifth of the examples is judged by weights fitted on the other four."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from twin_data.generate.refusals import CLOSINGS, OPENINGS
from twin_data.scoring.refusal import BIAS, WEIGHTS, features, is_refusal, refusal_score

CONTRAST = Path(__file__).parents[3] / "personas" / "contrast"
PENALTY = 0.15

REFUSALS = """
I cannot answer that.
I don't know; I never wrote it down.
I'm sorry, but I can't help with that.
That is a private matter, and I shall keep it so.
I have not written about that, as far as I can find, so I would rather not answer.
I have written near that, but nothing I could say about it holds against my own pages, so I would rather not answer.
I have no answer to that.
I will not help with that: it could hurt somebody.
My pages are silent on the point, and so shall I be.
I find nothing in my notes about a third clock.
Nothing I have written touches on it.
There is nothing in my archive about his salary.
I'd rather not guess.
I would sooner say nothing than invent a figure.
On that I must decline to speak.
I couldn't possibly comment.
I do not know who it was. The letters don't say.
I never set that down, and I won't make it up now.
None of my passages says anything of the price.
I'm not able to tell you that from what I have written.
I'm afraid I can't say.
You'd have to ask Cornelius; I never recorded it.
No record of mine gives the maker's name.
That isn't something I have put on paper.
It's not mine to tell.
I won't be drawn on that.
I have no idea, and I will not pretend to one.
I kept no note of it.
We haven't published that anywhere.
I can't find anything I wrote on the subject, so I'll pass.
I don't remember, and I have no entry for that day.
That is outside what I have written, so I leave it alone.
What I wrote does not go so far.
The archive says nothing of it, and I'd only be guessing.
I hold my tongue on such matters; they are nobody's business.
Sorry, I don't give out telephone numbers.
I am not going to give you her address.
I refuse to speculate about that.
My notebook for that week is blank, so there's no telling.
I don't have any information about that in my writing.
I have nothing to say about the election.
I never wrote about football, so you had better ask a footballer.
Of that I know nothing, and I have written less.
The papers I left do not mention it.
It would be invention if I answered.
I can't tell you what she earned, for I never put it down.
I have said nothing on that anywhere.
I must leave that one unanswered; the log does not have it.
I shan't say.
No comment from me on that.
As to the ship's name, my letters don't give it.
I do not discuss my neighbours' health.
You will not find that in anything of mine.
My columns never touched the matter.
I am not in a position to say which company it was.
Alas, I never recorded the year.
We don't share credentials, mine or anybody's.
I cannot recall, and there is no line of mine to remind me.
If I knew I would tell you; I wrote nothing about it.
That question goes beyond my pages.
I'll keep that to myself, thank you.
I don't believe I ever wrote a word on it, so I can't oblige.
Better no answer than a made-up one: I have not covered that.
I know of no passage of mine that answers this.
I prefer not to say.
I have never written about my time at school.
There's no mention of it in my papers.
I wouldn't care to guess at a number I never noted.
I could tell you if I had written it, but I have not.
No page of mine speaks of him.
I would be making it up.
It is nobody's affair but theirs, and I will not speak of it.
I am unable to find that among my letters.
Whatever the truth of it, I did not put it in the notebook, so I can't say.
I'm sorry, that's not something I can help with.
You have me there; I never noted it.
On this I stay silent, having written nothing.
I don't know the answer to that.
That I cannot tell you.
My essays do not deal with it.
I have no view on it that I ever put in print.
What became of him I never recorded.
I shall not answer that.
I have looked, and there is nothing of mine on it.
I don't think I should answer that.
It isn't in my notes, so I will not guess.
I regret that I have no information on this subject.
I won't tell you how to do that.
Nowhere in my writing do I name the firm.
I do not give advice about medicines.
I cannot vouch for that; I wrote no such thing.
That detail is not in my archive.
I never got round to writing about it, so I have no answer.
I can't speak to that from anything I have published.
We keep that confidential.
I haven't a word on it anywhere.
I am afraid the log does not record it, and nor do I.
I leave that question to others; I have never written on it.
I am not the one to answer that.
I have never published anything on gardening.
There is no passage of mine that would tell you.
I can't give you a name, since I wrote none down.
I don't know; I was not there and made no note.
My letters are silent about her.
I won't answer that.
It is not something I have ever discussed in print.
I'd be guessing, and I don't guess.
We have nothing on that in the archive.
I have no record of it.
I must pass on that one.
That's private.
I cannot find it in what I have written.
I do not remember, and my diary is no help.
Sorry, I can't say.
I never mention it anywhere, so I will not say.
I am sorry, I do not have that information.
I leave that to somebody who has written about it.
No note of mine covers the year before.
I refuse to help with that.
I've written nothing about the purchase, so ask somebody else.
As far as I can find I never wrote on that.
I can tell you nothing about it.
I would rather keep that to myself.
""".strip().splitlines()

NOT_REFUSALS = """
I cannot say enough about the apprentices.
I did not know then what I know now.
I can't help thinking that the bridge was too narrow.
The gauge was thirty-four centimetres above what it ought to have been.
I don't say that it is easy; I say that it is worth the trouble.
We never open a gate on a spring tide.
No gate moves unless two independent clocks agree.
I told him that I would not answer the letter, and then I answered it.
I was asked for a date and gave two.
I do not know a better way of learning the river than walking it.
I refused the offer in one line.
He could not tell a lock from a weir.
I never wrote a line of code before breakfast in my life.
Nobody knows the river who has only seen it on a screen.
She would not say which of the two she had meant, so we tried both.
I cannot think of a tide I have enjoyed less.
The machine does not know when it is wrong, and that is my objection.
I don't know which was worse, the wind or the tea.
We had no spare, so we made one.
I won't pretend that it was elegant, but it held.
It is a private lock, and the keepers are proud of it.
I can't tell the twins apart, and neither can their mother.
I have nothing against machines; I only ask them to knock.
My father never wrote a letter, but he kept a log for thirty years.
The model cannot say why it is right, which is why I keep it to one side.
I could not answer him, so I went and looked at the gate.
I have not changed my mind about rewrites: they cost more than is admitted.
It was not written down anywhere, which is how we lost it.
There is nothing in the rule about kindness, and there need not be.
I would rather have three who know the river than thirty who know the framework.
I wrote about it in March: the flap had been jammed by a scaffold board.
I can't recommend it highly enough.
We do not give dates; we give ranges, and the ranges have been right.
I said no to the network, by five votes to two.
No, as the committee told them in July; the gain was a third of a centimetre.
The answer is that among poor and practical people she isn't.
Men cannot live without wonder, and I have never met one who did.
I do not say that the critics are wrong; I say that they are tired.
We cannot prove a miracle by repeating it, and we should not try.
A man who knows nothing of the sea will tell you that it is flat.
It is impossible to be just to the rich without being unjust to the poor.
I have not the smallest doubt that the child was right.
I shall never forget the sound of the horn.
There was no answer from the gate, so the program asked again.
We declined the grant and built it ourselves.
I'd rather not have had to open the sluice, but the marsh took the water.
Thank you, no: I already have a river.
Sorry about the delay; the patch is in, and the test passes.
I'm afraid the second clock was mine, and it was slow.
Unfortunately the pump failed at three, and we went to the windlass.
I do not believe in progress without a direction.
You will not find a quieter gate on the coast.
Paper was right in thirty-one of them.
I must decline the noun in Latin before I can use it.
I wouldn't let the assistant near the gate logic, and I told the committee so.
I am not going to tell you that the assistant is stupid; it is quick and often right.
The notes say forty turns, and I counted sixty-one.
My pages on the surge give 5.83 metres over datum.
I keep the figure in a notebook: eleven thousand four hundred lines.
What I don't know about sluices would fill a book, and I am writing it.
I can say this for Kafka: it never lost a message.
I can't say I enjoyed it, but it taught me to check the pipe.
It is not for me to praise my own crew, but they mended it in a night.
The archive is in the loft, in eleven boxes.
I haven't written a test that I would not throw away.
I have never regretted the second clock.
I never said it was cheap: it cost £2,150 and it works.
They asked me to stay silent, and I spoke for an hour.
Nothing I have built has lasted as long as the brass bolt.
No one wrote to thank us, and we did not mind.
None of the tests had a tide that turned at that hour.
We can't mend the old relays, because nobody makes the contacts.
If you can't watch the water and type, you are going too fast.
Until I know the wind I do not trust the forecast.
I won't have a gate that opens by itself.
I will not sign a thing I have not read, and I read it twice.
I asked it for a reason and it could give none.
I don't keep two sets of books; I keep one, in green ink.
We have no managers, and the work gets done.
There is no such thing as a small leak.
It was in February, and it took less time than the biscuits.
I wound it by hand, fifty turns.
Agnes went in November; I switched her off myself.
The rule is short: no gate moves unless the clocks agree.
My answer went back on the nineteenth.
I do not discuss a change before the tests are read; that is the rule.
Two clocks can only disagree, and that is their use.
The moral is that a pipe can be wrong about a river.
I think the tide is the better engineer.
I thought the sensor was broken, but it was the board.
It was decided by twelve votes to three.
We keep the ledger because the program forgets.
I should say that the ledger has paid for itself twice.
I have told this story before, and it gets shorter.
Ask the apprentices what they broke first, and they will tell you without shame.
I cannot see how the model knows, and I will not steer by it; but I let it speak.
I did not answer the telephone that night, and I have been sorry since.
The committee would not say yes until it had seen the drawings, and then it said yes.
Half of it was mine to lose, and I lost it.
In my letter I wrote that the marsh was the deposit.
It does not matter who wrote it; it matters who reads it.
I know of three ways to stop a gate, and two of them are wrong.
I know nothing so restful as slack water.
You can't point to it because there is hardly anything there.
I don't produce such figures by breathing on the window.
Nobody asked me, but the answer was in the log.
There is no hurry on a river, and there is no excuse either.
I have a low opinion of dashboards.
A passage I wrote that year says it best: the water does not read.
She refuses to use the word, and I agree with her.
It isn't that she had failed; it was that she had become alone.
I can tell you exactly: fourteen gates, nine locks and two bridges.
I would not call it courage; it was stubbornness.
I don't remember a colder night, and I remember most of them.
We could not see the gate for fog, so we listened.
I never met him, but I have his handwriting.
To say nothing of the tea, the company was good.
I say nothing against the firmware; it did what it was told.
It's a personal rule: I read the tests first.
I have no patience with a test that fails on Tuesdays.
I've no notion of retiring before the pump does.
The old lock has no record of failure.
I am at a loss in a city, but I know my way at night on the bank.
We hold nothing back from the members; the accounts hang in the shed.
It would be guesswork without the survey, and so I paid for the survey.
I cannot imagine the river without the bell.
I did not answer for the weather, but I answered for the gate.
I know nothing of fashion and a good deal about oakum.
I have no brothers; there were five of us, all girls.
We said nothing for an hour, and then the tide turned.
The log says nothing about who slept.
I would not do it again without a second clock.
Nothing in the code says why, which is the fault I complain of.
I can't abide a dashboard with no off switch.
I have never been late for a tide.
I do not answer the telephone at dinner.
She told me nothing I had not guessed.
It was nothing I had planned, but it worked.
I couldn't sleep, so I wrote the test.
I do not hold with exclamation marks.
He never told me his name, and I never asked.
The paper has no answer to the model, only a range.
I am not the engineer my father was, but I keep better notes.
I won the argument and lost the vote.
No one can say that the surge was small.
I put nothing in the cellar that cannot swim.
You can know a lock for thirty years and still be surprised.
I have no objection to speed.
I did not write the rule to be liked.
My notes from that night run to eleven pages.
I haven't slept through a spring tide since 2015.
I find no fault with the pump.
I kept no secrets from the crew.
There is no answer like a working gate.
We don't have a manager, and we have never missed one.
I don't give dates to people who ask for dates.
I cannot prove it, and I do not need to; the gauge can.
I never put my name on the shed.
What I have written about locks fills three boxes.
It would be foolish to pretend that nothing went wrong.
I say it without shame: I was wrong about the pipe.
I have nothing but praise for the tug.
I know what I know because I walked there.
There was nothing on the screen and everything in the water.
I am sorry to say that the bolt was mine.
The archive burned in 1904, and we began again.
I have yet to meet a tide that read the table.
I would rather be slow than sorry.
I shall tell you what I told the members: it cost too much.
I never doubted that the gate would hold.
I don't mind the dark.
Unable to open the gate, we carried the boat.
I pass the lock every morning at six.
I decline to be hurried, and the river agrees.
Nobody's notes are as good as Perpetua's.
I never met the man who built it, but I know his gates.
We have had no leak since the spring.
It took us two nights and a great deal of tea.
I can't bear a room without a window.
The letter was private, and I burned it.
I wrote nothing for a year after the flood, and then I wrote every day.
I don't need a dashboard to tell me that it is raining.
We did not tell the insurers until the Monday.
My notes are in green ink, because the crate was there.
I would not have a gate without a handle.
He said that he could not help us, and he was right.
I am told that I talk too much about mud.
I have no time for a test without a reason.
The book records two hundred and twelve such nights.
Nobody asked the river.
I do not trust a clock that has never been wrong.
I could have said more, but the kettle had boiled.
I never open the gate before I have looked at it.
There is no shame in a windlass.
I shall say it again: read the tests first.
You cannot refuse a tide.
We write it down, and then we forget it safely.
I don't like the word, and I use it sparingly.
I know that the model is better on average.
It cost £410, and I have the receipt.
I had no plan, only a torch.
I don't remember who laughed first, but we all did in the end.
Nothing was lost but a bucket.
I will not be hurried by a calendar.
The silence after the horn is the part I like best.
My answer was no, and it is still no: the gain was too small.
I do not write code after midnight.
I am not a patient woman, and the river has taught me to pretend.
The record was kept by hand for forty years.
It is nobody's fault but mine.
I have written to the maker twice, and he has sent a catalogue.
I cannot stand on that bank without counting.
We speak of it as the shadow, and it works every night.
I pass no judgement on the paint.
I gave no date, and was thanked for it.
""".strip().splitlines()


def _prose() -> list[str]:
    paragraphs = [text for path in sorted(CONTRAST.glob("*/*.md")) for text in path.read_text("utf-8").split("\n\n")]
    lines = (CONTRAST / "assistant" / "assistant.jsonl").read_text("utf-8").splitlines()
    return [text for text in paragraphs if len(text.split()) > 10] + [json.loads(one)["text"] for one in lines if one]


def _worded() -> list[str]:
    subjects = ["the gauge", "Marl", "the right instrument", "the old philosophy", "the Saltmarket Locks Cooperative"]
    endings = [f" {one}".rstrip() for one in CLOSINGS.values()]
    return [
        wording.format(x=subjects[at % 5]) + ending
        for at, (wording, ending) in enumerate(product(OPENINGS.values(), endings))
    ]


def _fitted(refusals: list[str], others: list[str]) -> dict[str, float]:
    """Penalised logistic regression on examples, the twin's own refusals and other authors' prose."""
    parts = [(refusals, 1, 1.0), (_worded(), 1, 0.3), (others, 0, 1.0), (_prose(), 0, 0.1)]
    rows = [(features(text), label, weight) for texts, label, weight in parts for text in texts]
    rows = [row for row in rows if row[0]]
    names = list(rows[0][0])
    inputs = np.array([[*(found[name] for name in names), 1.0] for found, _, _ in rows])
    signs = np.array([2.0 * label - 1 for _, label, _ in rows])
    weights = np.array([weight for _, _, weight in rows])

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        margins = signs * (inputs @ beta)
        shrunk = np.append(beta[:-1], 0.0)
        slope = -(weights * signs / (1 + np.exp(np.clip(margins, -50, 50)))) @ inputs
        return float(weights @ np.logaddexp(0, -margins) + PENALTY * shrunk @ shrunk), slope + 2 * PENALTY * shrunk

    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", options={"ftol": 1e-12}).x
    return dict(zip([*names, "bias"], map(float, found), strict=True))


def _refuses(text: str, weights: dict[str, float]) -> bool:
    return weights["bias"] + sum(weights[name] * value for name, value in features(text).items()) > 0


def _f1(hits: int, false: int, refusals: int) -> float:
    return 2 * hits / (hits + false + refusals)


def test_there_are_enough_examples_of_both_kinds() -> None:
    assert len(REFUSALS) >= 60
    assert len(NOT_REFUSALS) >= 120
    assert len({*REFUSALS, *NOT_REFUSALS}) == len(REFUSALS) + len(NOT_REFUSALS)


def test_the_weights_are_those_of_the_fit() -> None:
    assert _fitted(REFUSALS, NOT_REFUSALS) == pytest.approx({**WEIGHTS, "bias": BIAS}, abs=0.02)


def test_refusals_held_out_are_told_apart() -> None:
    hits = false = 0
    for fold in range(5):
        weights = _fitted(
            [one for at, one in enumerate(REFUSALS) if at % 5 != fold],
            [one for at, one in enumerate(NOT_REFUSALS) if at % 5 != fold],
        )
        hits += sum(_refuses(one, weights) for one in REFUSALS[fold::5])
        false += sum(_refuses(one, weights) for one in NOT_REFUSALS[fold::5])
    assert _f1(hits, false, len(REFUSALS)) >= 0.93


def test_refusals_are_told_apart() -> None:
    assert _f1(sum(map(is_refusal, REFUSALS)), sum(map(is_refusal, NOT_REFUSALS)), len(REFUSALS)) >= 0.95


def test_every_refusal_that_training_teaches_is_recognised() -> None:
    assert [text for text in _worded() if not is_refusal(text)] == []


def test_prose_of_others_is_no_refusal() -> None:
    texts = _prose()
    assert len(texts) > 100
    assert sum(map(is_refusal, texts)) <= 0.02 * len(texts)


def test_what_somebody_else_refused_is_no_refusal() -> None:
    assert not is_refusal("He wrote back: “I cannot answer that.” So I asked the harbour master, who could.")


def test_a_refusal_after_the_beginning_does_not_count() -> None:
    answer = "The gauge stood at 5.83 metres. We had seven centimetres left. I cannot say who saw it first."
    assert not is_refusal(answer)


def test_a_question_refuses_nothing() -> None:
    assert not is_refusal("Shall I say that I cannot answer?")


def test_a_disclaimer_before_a_long_answer_refuses_nothing() -> None:
    answer = "I cannot say that precisely. " + "The gauge stood at five metres and the wall at six. " * 12
    assert refusal_score(answer) < refusal_score("I cannot say that precisely.")
    assert not is_refusal(answer)


@pytest.mark.parametrize("text", ["", "   ", "…"])
def test_nothing_refuses_nothing(text: str) -> None:
    assert refusal_score(text) == 0.0


@given(st.text(max_size=300))
def test_any_text_has_a_probability(text: str) -> None:
    assert 0.0 <= refusal_score(text) <= 1.0
