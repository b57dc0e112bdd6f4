"""The words that the rules go by: scales with their ends, and what makes a report, a doubt or a condition."""

from __future__ import annotations

from dataclasses import dataclass

import regex

from twin_data.scoring.word_forms import form

_SCALES = """
= rise rose risen rising grow grew grown increase increased climb climbed gain gained | fall fell fallen falling
    drop dropped shrink
shrank shrunk decrease decreased decline declined lose lost
= fast faster fastest quick quicker quickest | slow slower slowest
early earlier earliest | late later latest
before | after
first | last
= best better | worst worse
more most | less least fewer fewest
many lots numerous | few
= cheap cheaper cheapest | dear dearer dearest expensive costly
high higher highest | low lower lowest
long longer longest | short shorter shortest
old older oldest | young younger youngest
= large larger largest big bigger biggest | small smaller smallest little
= heavy heavier heaviest | light lighter lightest
= hot hotter hottest warm warmer warmest | cold colder coldest cool cooler coolest
= strong stronger strongest | weak weaker weakest
hard harder hardest difficult | easy easier easiest
= rich richer richest | poor poorer poorest
deep deeper | shallow shallower
thick thicker | thin thinner
wide wider | narrow narrower
above over | below under beneath
inside | outside
= north northern | south southern
= east eastern | west western
left | right
= spring | autumn fall
= summer | winter
= morning | evening | afternoon | night
= daily | weekly | monthly | yearly annual annually
day | week | month | year
= yesterday | tomorrow
= son sons | daughter daughters
= brother brothers | sister sisters | cousin cousins
= father dad | mother mum mom
= husband | wife
= grandfather | grandmother
= uncle | aunt
= nephew | niece
= boy boys | girl girls
man men | woman women
king | queen
= love loved loves | hate hated hates detest detested
like liked likes | dislike disliked dislikes
= accept accepted accepts | refuse refused refuses reject rejected rejects decline
remember remembered | forget forgot forgotten
open opened opens | close closed closes shut
= win won wins | lose lost loses
begin began begun start started | end ended finish finished stop stopped
= import imported | export exported
= include included includes | exclude excluded excludes omit omitted
= agree agreed agrees | disagree disagreed disagrees
= allow allowed allows | forbid forbade forbidden prohibit prohibited
= praise praised | blame blamed
= true | false
= success succeeded succeed | failure failed fail
= safe | dangerous
= possible | impossible
= necessary | unnecessary
= public | private
= majority | minority
for | against
= antem | postm
= atleast | atmost
always | sometimes | never
only | except
= dollars dollar | pounds pound | euros euro | cents cent | pence penny shilling shillings | guineas
= inch inches | foot feet | yard yards | mile miles | metre metres meter meters | kilometre kilometres km |
    centimetre centimetres cm
= gram grams g | kilo kilos kg | milligram milligrams mg | ounce ounces | ton tons tonnes
= litre litres liter | pint pints | gallon gallons
seconds second | minutes minute | hours hour | days | weeks | months | years | decades | centuries
"""
"""A line a scale, its ends and steps apart. A line that begins with = is one whose words nobody uses in passing."""


@dataclass(frozen=True)
class Step:
    """Where a word stands: on which scale, at which end or step of it, and whether it is never used in passing."""

    scale: int
    side: int
    is_rigid: bool


def _steps() -> dict[str, Step]:
    """Where each word of the scales stands; one that is on two has the first."""
    found: dict[str, Step] = {}
    for scale, line in enumerate(regex.sub(r"\n\s+", " ", _SCALES.strip()).splitlines()):
        for side, words in enumerate(line.removeprefix("= ").split("|")):
            for word in words.split():
                found.setdefault(word, Step(scale, side, line.startswith("= ")))
    return found


STEPS = _steps()

ALL = frozenset("all every each always everyone everybody everything entire entirely whole".split())

ALL_IN_FORM = regex.compile(
    r"(?i)\b(?:not|at|after|above|first of|if) (?:at )?all\b|\ball (?:right|but|along|the same|the (?:more|less"
    r"|better))\b"
    r"|\bevery (?:other|now|so|few|\d+)\b|\bonce and for all\b|\bthe whole\b|\ba whole\b"
)

MOST = frozenset("most mostly majority usually generally nearly almost".split())

SOME = frozenset(
    "some several few handful sometimes occasionally rarely seldom only half many often part partly".split()
)

SAID = frozenset(
    (
        "say says said saying think thinks thought believe believes believed claim claims claimed argue argues "
        "argued insist insists "
        "insisted maintain maintains maintained suppose supposes supposed reckon reckons reckoned assert asserts "
        "asserted swear swears "
        "swore complain complains complained warn warns warned suggest suggests suggested predict predicts "
        "predicted announce announced "
        "write writes wrote report reports reported assure assured suspect suspects suspected fear fears feared "
        "imagine imagined"
    ).split()
)

REPORTS = frozenset("tell tells told".split())

SAID_FORMS = frozenset(form(word) for word in (*SAID, *REPORTS))

AGREES = regex.compile(
    r"(?i)\b(?:i|we)(?: (?:do|also|both|quite|fully))? (?:(?:think|thought|believe|say) so|agreed?)\b"
)
"""What somebody else says is one's own word, too."""

FIRST = frozenset("i we".split())

MINE = "i"

BEFORE_VERBS = frozenset(
    "had has have always often still never also once would will may might is was are were be been just only then "
    "later who "
    "sometimes do does did not both all now even too again".split()
)

DOUBTS = regex.compile(
    r"(?i)\b(?:i|we)(?: (?:still|rather|very much|really|sincerely|seriously|often))? (?:doubt|doubted|deny"
    r"|denied|wonder|wondered"
    r"|suspect|suspected|hoped?|feared?|dreamt|dreamed|wished?|pretended|imagined|was afraid|am afraid|am not "
    r"sure|was not sure"
    r"|am not certain|cannot say|could not say|do not know|don't know)\b"
    r"|\b(?:i|we) (?:do|did|could|can)(?: not|n't|not) (?:think|believe|suppose|say|remember|recall)\b"
    r"|\b(?:perhaps|maybe|possibly|it (?:may|might|could) be(?: that)?|it is possible)\b"
)

HEDGES = frozenset(
    "doubt doubted deny denied wonder wondered suspect suspected hope hoped fear feared wish wished may might "
    "could perhaps maybe "
    "possibly possible seem seems seemed afraid sure certain pretended imagined think whether if unsure know "
    "dreamt dreamed want wanted intend intended plan planned".split()
)

INTENT = regex.compile(
    r"(?i)\b(?:want(?:ed|s)?|hoped?|hoping|meant|mean|planned|plan|planning|intend(?:ed|s)?|tried|try|trying"
    r"|attempted|refused"
    r"|declined|failed|forgot|threatened|promised|offered|ought|going|about|wished|longed|expected|used|decided "
    r"against|dreamt"
    r"|dreamed)\s+(?:to|of)\s+(?:not\s+)?(\p{L}+)"
    r"|\b(?:nearly|almost|stopped|stop|quit|gave up|avoid|avoided)\s+(\p{L}+)"
)

IN_INTENT = frozenset(
    "want wanted wants wishes hopes intends tries plans aims aimed longs wish long hope hoped hoping meant mean "
    "planned plan planning intend intended intends tried try "
    "trying attempted "
    "attempt refused refuse declined failed fail forgot forget threatened promised offered ought going about "
    "wished longed "
    "expected used decided stopped stop quit gave avoid avoided dreamt dreamed nearly almost would should could "
    "hopes not never once".split()
)

IF = frozenset("if unless ifnot provided suppose supposing".split())

IF_IN_FORM = regex.compile(
    r"(?i)\b(?:even if|as if|if (?:i remember|i recall|i am honest|anything|any|ever|you like|you ask|you must"
    r"|not|so|possible|only|at all)"
    r"|(?:ask(?:ed)?|know|knew|see|saw|wonder(?:ed)?|sure|doubt|tell|told) (?:me |us |him |her |them )?if)\b"
)

CONDITIONAL = frozenset(
    "if unless ifnot would could might should provided suppose when whenever wherever once till until without "
    "may".split()
)

CAUSE = frozenset("because since as for so therefore thus hence".split())

CONCESSION = frozenset("although though despite however nevertheless yet".split())

OLD = regex.compile(
    r"(?i)\b(?:used to|no longer|any more|anymore|formerly|at one time|in those days"
    r"|when (?:i|we) (?:was|were) (?:young|younger|small|little|\w+ boy|\w+ girl|\w+ child|\w+ student|at school"
    r"|at college)"
    r"|as a (?:\w+ )?(?:boy|girl|child|student|youth)|once (?:thought|believed|wanted|held|hoped|imagined|loved"
    r"|liked))\b"
)

PRESENT = frozenset(
    "believe think want like love hate hold know hope live work own drink eat smoke use trust read write play "
    "prefer go keep need".split()
)

PAST = frozenset(
    "used once did was were had then formerly longer before young boy girl child ago when never not".split()
)
