"""The words by which an act of answering is told, and what it is denied of. Acts, ideas and records are stems."""

from __future__ import annotations


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SELF = _set("i we me us")
OTHERS = _set("he she they you it")
NEGATIONS = _set("not never neither nor")
UNWILLING = _set(
    "unable unwilling decline refuse forbidden excused loath reluctant impossible improper indiscreet hard"
)
"""What denies as "not" does: "I refuse to say"."""
RIGHTS = _set("right authority business way liberty leave wish intention need position mood")
"""Behind "no": "no right to say"."""
PAST = _set("did had was were")
COPULAS = _set("is are was were has had have")
AUXILIARIES = _set(
    "do does did can could will would shall should may might must dare need have has had am are is was were be been "
    "rather sooner prefer better best much simply just really honestly quite still ever even also certainly possibly "
    "think believe to beg genuinely now in at"
)
"""What may stand between a subject and a negation."""
PASSED = AUXILIARIES | _set(
    "i we going about here at liberty in a any position the one man woman free able allowed permitted entitled from by "
    "authorised authorized qualified competent willing prepared ready inclined disposed fit comfortable happy keen "
    "want supposed equipped wish like care mean intend claim profess begin presume right proper fair wise appropriate "
    "for of me us my mine ours place job being get got yet occasion cause round feel heart courage nerve stomach "
    "strength given longer"
)
"""What may stand between a negation and the act that it denies."""
FITTING = _set("right proper fair wise appropriate impossible improper indiscreet hard too me us my mine ours")
"""Of these "it" may be the subject: "it would not be right to say"."""
LEADS = _set(
    "so and but sorry nope nah no yeah yes well oh ah er um hmm alas honestly frankly that this on upon of it these "
    "such as to which though since for because if ngl literally then only about whatever the answer is truth i am "
    "afraid lol prob idk idek dunno"
) - {"i"}
"""Behind nothing but these an act without a subject is the speaker's own."""

SAYING = _set(
    "say tell answer speak comment discuss disclos reveal divulg explain confirm share give name advis "
    "specul guess ventur predict judg vouch talk elabor oblig repli respond recommend provid offer add repeat drawn "
    "hand help assist teach show releas enlighten pronounc go diagnos invent pretend"
)
DISCLOSING = _set("discuss disclos reveal divulg confirm")
"""Whatever these are denied of is a subject that is kept back."""
COVERING = _set("cover address examin")
"""The same, of writing."""
HELPING = _set("help assist teach show")
JUDGING = _set("judg recommend")
"""To judge or recommend "it" is no answer, to be asked to judge is."""
SPEAKING_UP = _set("speak answer vouch")
KNOWING = _set("know knew known rememb recal recollect determin establish ascertain identifi find found sure certain")
FINDING = _set("find found")
RECORDING = _set(
    "write wrote written record note mention cover touch set put jot blog post publish treat deal dealt examin studi "
    "look address measur count discuss announc benchmark check log preach said spoken talk learn learnt"
)
SET_DOWN = _set("put set jot")
HOLDING = _set(
    "have hold keep kept find found see got possess offer throw shed give given made make took say said know written "
    "wrote publish tell record"
)
"""What one can do with nothing."""
REPORTING = _set("add say tell give offer share report impart")
"""What there may be nothing to do."""

IDEAS = _set(
    "idea clue notion answer opinion view comment inform figur number detail recollect knowledg light statist data "
    "advic explan"
)
RECORDS = _set("note record entri mention line word passag letter page post memori trace date name")
ARCHIVES = _set("mine archive notes book writing")
OWN_PLACES = _set("my mine our ours archive it that this")
"""What there must be where "there is" no record: others' records are a matter like any."""
ANSWERS = IDEAS | _set(
    "name address price salari wage password credenti code key term dose dosag sourc secret gossip rumour leak predict "
    "date hypothet judgement judgment reason particular specif medicin client patient custom colleagu year day title "
    "employ question estim health ill marriag money financ polit shop stuff"
)
"""What answers are made of."""
DETERMINERS = _set("the his her its their that this those these which whose exact such")
POINTERS = _set("it that this those these such any anything something more there which")
POINTED = _set(
    "question subject matter point topic kind sort one detail part period thing figur number name stuff request issu "
    "other"
)
"""What a pointer may stand before, and stay one."""
EXCEPTING = _set("and but except save")
"""Behind "nothing" and "no": "nothing of fashion and a good deal about oakum", "no answer but work"."""
THINGS = _set("something anything nothing one thing topic subject matter question story detail")
ASKING = _set("who whom whose what when where which whether if why how")
MEASURES = _set("much many old long far often big it he she they that")
"""Behind "how", of which only these ask for an answer: "how to swim" names a skill."""
ADDRESSED = _set("you u ya anyone anybody somebody someone people readers strangers folk")
ABOUT = _set("about on upon of regarding concerning into")
SET_TIMES = _set("mondays tuesdays wednesdays thursdays fridays saturdays sundays time stage holiday purpose foot")
PARTICLES = _set("out away down")
CIRCUMSTANCE = _set(
    "without because while since before till until if as from over in at for among yet now any anywhere either"
)
"""What follows these takes nothing back."""
LEFT_OPEN = CIRCUMSTANCE | _set(
    "all more further today sorry afraid am i regret mate dear love bro lol tbh thanks please so certain sure exactly "
    "precisely too here again though honestly frankly one way"
)
"""With nothing but these behind it an act has no object."""
