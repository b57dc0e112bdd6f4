"""Refusals told by what they say. Rules were written with the even-numbered examples in view; the odd ones judge them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_data.scoring.refusal import is_refusal, refusal_score

CONTRAST = Path(__file__).parents[3] / "personas" / "contrast"

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
""".strip().splitlines()


def _f1(start: int) -> float:
    refusals, others = REFUSALS[start::2], NOT_REFUSALS[start::2]
    hits = sum(map(is_refusal, refusals))
    false = sum(map(is_refusal, others))
    return 2 * hits / (hits + false + len(refusals))


def test_there_are_enough_examples_of_both_kinds() -> None:
    assert len(REFUSALS) >= 60
    assert len(NOT_REFUSALS) >= 120
    assert len({*REFUSALS, *NOT_REFUSALS}) == len(REFUSALS) + len(NOT_REFUSALS)


def test_refusals_in_view_are_told_apart() -> None:
    assert _f1(0) >= 0.97


def test_refusals_held_out_are_told_apart() -> None:
    assert _f1(1) >= 0.95


def test_assistant_prose_is_no_refusal() -> None:
    lines = (CONTRAST / "assistant" / "assistant.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines if line.strip()]
    assert sum(map(is_refusal, texts)) <= 0.02 * len(texts)


def test_prose_of_other_authors_is_no_refusal() -> None:
    texts = [
        paragraph
        for path in sorted(CONTRAST.glob("*/*.md"))
        for paragraph in path.read_text("utf-8").split("\n\n")
        if len(paragraph.split()) > 10
    ]
    assert len(texts) > 50
    assert sum(map(is_refusal, texts)) <= 0.03 * len(texts)


def test_what_somebody_else_refused_is_no_refusal() -> None:
    assert not is_refusal("He wrote back: “I cannot answer that.” So I asked the harbour master, who could.")


def test_a_refusal_after_the_beginning_does_not_count() -> None:
    answer = "The gauge stood at 5.83 metres. We had seven centimetres left. I cannot say who saw it first."
    assert not is_refusal(answer)


def test_a_question_refuses_nothing() -> None:
    assert not is_refusal("Shall I say that I cannot answer?")


@pytest.mark.parametrize("text", ["", "   ", "…"])
def test_nothing_refuses_nothing(text: str) -> None:
    assert refusal_score(text) < 0.5


@given(st.text(max_size=300))
def test_any_text_has_a_probability(text: str) -> None:
    assert 0.0 <= refusal_score(text) <= 1.0
