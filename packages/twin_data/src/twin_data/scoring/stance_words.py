"""The words by which a stance is told: what is thought of a thing, done to it, demanded of it, and said by others.

The polarity of words is VADER's (Hutto and Gilbert, 2014) but where a list here says otherwise: its lexicon was rated
for posts, lacks words of argument ("essential", "fallacy") and rates words that say nothing in prose ("kind", "like").
"""

from __future__ import annotations

from functools import cache

from twin_data.scoring.sentiment import lexicon

FAVOURABLE = frozenset(
    """essential indispensable necessary vital worthwhile wholesome practical remarkable remarkably superhuman sound
    sane reasonable rational fruitful divine sacred admirable admirably successful successfully sensible right
    rightly useful humane beautiful beauty lasting enduring progress strength virtue virtues greatness deserve
    deserves deserved matters thrive thrives flourish flourishes works holy truest sanest healthiest wholesomest
    advantage advantages blessing blessings accessible affordable efficient effective effectively sustainable
    invaluable priceless justified legitimate triumph triumphs miracle crucial""".split()
)
UNFAVOURABLE = frozenset(
    """overrated false falsehood absurd absurdity nonsense impossible heresy narrow tyranny tyrannical despotism paltry
    morbid fallacy credulous stale barren decayed decadent barbarous barbarism obsolete outdated vulgar
    vulgarity unethical illegal immoral unacceptable inappropriate untrue unjust unjustified unreasonable
    irrational slavish servile shallow hollow superstition sham humbug delusion quackery folly unworkable
    bankrupt incompetent ineffective inefficient flawed flaw flaws drawback drawbacks downside downsides
    disadvantage disadvantages nightmare mess costly wasteful counterproductive toxic hype hyped bloated brittle
    fragile misguided shortsighted stupidity prejudice tyrannous oppression oppressive pernicious mischievous
    injurious degraded degrading unnatural inhuman insane insanity clumsy monotony monotonous sterile futile
    futility harmful unfit unwise corrupted curse menace""".split()
)
NO_OPINION = frozenset(
    """like liked kind kinds well no matter want wanted wants god natural naturally pretty demand demands pay play
    played playing strange interest interests interesting interested number certain certainly sure share shared
    party grand dear fine yes hand hands special keen please chance alone lone cut cuts stop stopped hard leave
    left low miss fire war death die died dead kill killed lost lose drop dropped fight fighting poor rich
    childish solemn difficult difficulty question questions questioned charge charged engage engaged true truth
    truly agree agreed allow adopt accept accepted feel feeling feelings passion intense serious seriously
    energy united security secure defense defence defend defended argue argued argument battle enemy enemies
    critic critics help helped treasure significant debt limited grant granted care cared challenge resolved
    hope hoped hopes wish wishes promise promised credit increase original sympathy ready love loved loving
    lover fear fears feared hate hated joke created create creative importance clear clearly easy easily avoid
    avoided ban banned pressure reach expand applause admiration approval anger joy lie lies lying""".split()
)
"""Of those that VADER rates. Verbs of feeling and doing are left to the lists below, which ask whose they are."""

FOR_VERBS = frozenset(
    """love loves loved adore like admire admired admires defend defended support supported supports prefer preferred
    trust trusted praise recommend recommended welcome welcomed celebrate cherish enjoy enjoyed favour favor
    advocate encourage encouraged value valued treasure keep kept preserve preserved protect protected invest
    restore restored respect respected honour honor revere appreciate embrace endorse champion owe uphold save
    saved promote rejoice thank believe believed strengthen maintain maintained foster prioritize prioritise
    need want crave miss demand fond proud glad grateful vindicate vindicated retain retained cultivate tolerate
    tolerated forgive""".split()
)
AGAINST_VERBS = frozenset(
    """hate hated detest detested loathe loathed oppose opposed ban banned abolish abolished reject rejected regret
    regretted distrust distrusted despise despised condemn condemned denounce denounced abandon abandoned avoid
    avoided dislike disliked deplore deplored resent resented refuse refused ditch scrap limit restrict fear
    feared dread doubt doubted eliminate eradicate end disbelieve dismiss dismissed criticise criticize
    repudiate renounce destroy destroyed forbid forbidden prohibit prohibited discourage discouraged resist
    fight stop stopped quit tired sick weary ashamed afraid suspicious jealous deny denied prevent prevented
    reduce""".split()
)
DEEDS = frozenset(
    """keep kept preserve preserved protect protected invest restore restored save saved promote strengthen maintain
    maintained foster retain retained cultivate ban banned abolish abolished abandon abandoned avoid avoided
    limit restrict eliminate eradicate end destroy destroyed forbid forbidden prohibit prohibited stop stopped
    prevent prevented reduce fight resist encourage encouraged discourage discouraged refuse refused miss demand
    support supported defend defended scrap ditch quit deny denied celebrate""".split()
)
"""Of these verbs, those that tell what was done: they speak for or against a thing where demanded."""
_FEELINGS = (FOR_VERBS | AGAINST_VERBS) - DEEDS
OPPONENTS = frozenset(
    """enemy enemies critic critics opponent opponents foe foes adversaries adversary bias prejudice contempt hatred
    attack attacks hostility objection objections opposition scorn sneer sneers slander slanders distrust
    dislike persecution war crusade fear revolt rebellion denial destruction abolition collapse lack absence
    loss neglect death end suspicion detractors enmity violation violations""".split()
)
"""As in "the enemies of X" or "a bias against X": what is said of these is said the other way round of X."""
ATTACHED = frozenset("against of to on for about toward towards at from upon".split())

SPEAKER = frozenset("i we us let's lets let me myself ourselves".split())
PRESCRIBES = frozenset("must should ought shall need needs".split())
CALLS_FOR = frozenset(
    """important essential necessary vital crucial better best wise right appropriate acceptable ethical advisable duty
    encourage recommend advise worth helpful good""".split()
)
CALLS_OFF = frozenset(
    """wrong foolish unwise dangerous inappropriate unethical wicked absurd illegal unacceptable mistake harmful bad
    immoral""".split()
)
"""What somebody thinks of doing something: "it is wrong to …"."""
ALLIES = frozenset(
    """defence defense favour favor praise support advocate champion defender believer friend fan supporter proponent
    admirer lover""".split()
)
"""As in "a word in praise of X", where the speaker says so of himself."""
REPORTS = frozenset(
    """say says said saying think thinks thought believe believes believed claim claims claimed argue argues argued
    insist insists insisted imagine imagines imagined suppose supposes supposed affirm affirms affirmed assert
    asserts asserted declare declares declared regard regards regarded consider considers considered accuse
    accused accuses call calls called maintains maintained complain complains complained pretend pretends
    pretended allege alleged denounce denounces proclaim proclaims proclaimed tells told describe describes
    described conceive conceived assume assumes assumed contend contends contended hold holds fancy fancied
    accusation objection according""".split()
)
REPORTING_NOUNS = frozenset("accusation objection according".split())
NOUNS_MARKED_BY = frozenset("the a an this that his her its their our my no of modern every such some any".split())
SUPPOSES = frozenset("if unless whether suppose supposing".split())

NEGATIONS = frozenset("not no never nor cannot hardly scarcely nothing nobody neither without less none".split())
NOT_AS_NEGATED = frozenset("only merely simply just doubt".split())
VERBS = frozenset(
    """is are was were be been being am isn't aren't wasn't weren't has have had hasn't haven't does do did doesn't
    don't didn't can could cannot can't couldn't will would won't wouldn't may might must shall should ought
    seem seems seemed become becomes became remain remains remained make makes made mean means meant give gives
    gave feel feels felt look looks looked prove proves proved need needs cause causes caused keep keeps kept
    let lets stay stays turned turns lead leads led bring brings brought get gets got sound sounds lie lies""".split()
)
UNDOING = frozenset(
    """prevent prevents prevented destroy destroys destroyed fight fights defeat defeats cure cures cured end ends
    ended stop stops oppose opposes resist resists abolish abolishes break breaks free frees escape avoid avoids
    avoided reduce reduces reduced heal heals solve solves solved save saves saved rescue rescues spare spares
    protect protects protected""".split()
)
"""Verbs after which what is bad is done away with."""


@cache
def polarity(word: str) -> float:
    """From -4 to 4, as VADER rates words; 0 of a word without opinion."""
    if word in FAVOURABLE:
        return 2.0
    if word in UNFAVOURABLE:
        return -2.0
    if word in NO_OPINION or {word, word.removesuffix("s")} & _FEELINGS:
        return 0.0
    return _lexicon().get(word, 0.0)


_lexicon = cache(lexicon)
