"""The words that the rules go by: scales with their ends, and what makes a report, a doubt or a condition."""

from __future__ import annotations

from collections import defaultdict
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

_CONTRARIES = """
ancient old mediaeval medieval | modern new recent
past | present | future
good better best right | bad worse worst evil wrong
happy happiness joy joyful glad | sad sadness unhappy misery miserable sorrow sorrowful
beauty beautiful | ugliness ugly
strength | weakness
sane sanity | mad madness insane insanity lunatic
sense | nonsense
rational reasonable | irrational unreasonable
optimist optimists optimism optimistic | pessimist pessimists pessimism pessimistic
heaven | hell
god gods | devil devils demon demons
angel angels | devil devils
saint saints | sinner sinners
virtue virtues | vice vices
faith belief believe believed believer believers | doubt doubts doubted unbelief sceptic sceptics skeptic skeptics
christian christians | pagan pagans heathen heathens | atheist atheists
catholic catholics | protestant protestants
peace | war wars
friend friends | enemy enemies foe foes
life live lived living alive birth born | death die died dying dead
day days daylight | night nights
light lights | dark darkness
sun | moon
free freedom liberty | slave slaves slavery
master masters lord lords | servant servants slave slaves
tyrant tyrants king kings | subject subjects
employer employers | employee employees workman workmen worker workers
landlord landlords owner owners | tenant tenants
buy buys bought buyer buyers | sell sells sold seller sellers
lend lends lent | borrow borrows borrowed
give gives gave given | take takes took taken
teach teaches taught teacher teachers | learn learns learnt learned pupil pupils student students
doctor doctors | patient patients
parent parents adult adults | child children
ancestor ancestors | descendant descendants
come comes came arrive arrives arrived | go goes went gone leave leaves left depart departs departed
ask asks asked question questions | answer answers answered reply replies replied
cause causes | effect effects
theory theories | practice practices
simple simplicity | complex complexity complicated
natural | supernatural unnatural artificial
real reality | unreal imaginary
city cities town towns | country countryside village villages
sea seas | land lands
democracy democracies democratic | aristocracy aristocracies aristocratic | monarchy monarchies | oligarchy
socialism socialist socialists | capitalism capitalist capitalists
liberal liberals | conservative conservatives
revolution revolutions revolutionary | reaction reactionary
husband husbands | wife wives
king kings prince princes | queen queens princess princesses
he him his | she her hers
black | white | red | green | blue | yellow | brown | grey gray
monday | tuesday | wednesday | thursday | friday | saturday | sunday
"""
"""The same of words that are too common to tell by that a whole clause says the contrary, and that do where one stands
in the other's very place."""


@dataclass(frozen=True)
class Step:
    """Where a word stands: on which scale, at which end or step of it, and whether it is never used in passing."""

    scale: int
    side: int
    is_rigid: bool


def _lines(scales: str) -> list[str]:
    return regex.sub(r"\n\s+", " ", scales.strip()).splitlines()


def _sides(line: str) -> list[list[str]]:
    return [words.split() for words in line.removeprefix("= ").split("|")]


def _steps() -> dict[str, Step]:
    """Where each word of the scales stands; one that is on two has the first."""
    found: dict[str, Step] = {}
    for scale, line in enumerate(_lines(_SCALES)):
        for side, words in enumerate(_sides(line)):
            for word in words:
                found.setdefault(word, Step(scale, side, line.startswith("= ")))
    return found


def _places() -> dict[str, dict[int, int]]:
    """At which side of which scales each word stands, contraries included."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for scale, line in enumerate([*_lines(_SCALES), *_lines(_CONTRARIES)]):
        for side, words in enumerate(_sides(line)):
            for word in words:
                found[word][scale] = side
    return dict(found)


STEPS = _steps()
_PLACES = _places()


def are_contraries(one: str, other: str) -> bool:
    """Whether two lower-case words stand at different sides of a scale: "modern" and "medieval"."""
    here, there = _PLACES.get(one, {}), _PLACES.get(other, {})
    return any(here[scale] != there[scale] for scale in here.keys() & there.keys())


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
