"""English words that no rule of endings brings together: irregular verbs and plurals, kin ("decision"), synonyms.

Left out is what is another word as often: "ground", "wound", "bore", "rent", "lay", "bound", "lives", "leaves".
"""

from __future__ import annotations

_VERBS = """
arise arose arisen | awake awoke awoken | bear borne | beat beaten | become became | begin began begun | bend bent
bet | bite bit bitten | bleed bled | blow blew blown | break broke broken | breed bred | bring brought
build built | buy bought | catch caught | choose chose chosen | cling clung | come came | creep crept
deal dealt | dig dug | draw drew drawn | drink drank drunk | drive drove driven | eat ate eaten
fall fell fallen | feed fed | feel felt | fight fought | find found | flee fled | fling flung | fly flew flown
forbid forbade forbidden | forget forgot forgotten | forgive forgave forgiven | freeze froze frozen | get got
give gave given | go went gone goes | grow grew grown | hang hung | hear heard | hide hid hidden | hold held
keep kept | kneel knelt | know knew known | lead led | leave left | lend lent | lie lain | light lit | lose lost
make made | mean meant | meet met | mistake mistook mistaken | overcome overcame | pay paid | prove proven
ride rode ridden | ring rang rung | rise rose risen | run ran | say said | see saw seen | seek sought | sell sold
send sent | sew sewn | shake shook shaken | shine shone | shoot shot | show shown | shrink shrank shrunk
sing sang sung | sink sank sunk | sit sat | sleep slept | slide slid | sow sown | speak spoke spoken | spend spent
spin spun | spring sprang sprung | stand stood | steal stole stolen | stick stuck | sting stung | stride strode
strike struck | strive strove striven | swear swore sworn | sweep swept | swim swam swum | swing swung | take took taken
teach taught | tear tore torn | tell told | think thought | throw threw thrown | tread trod trodden
undergo underwent undergone | understand understood | undertake undertook undertaken | wake woke woken
wear wore worn | weave wove woven | weep wept | win won | withdraw withdrew withdrawn | write wrote written
"""
_NOUNS = """
man men | woman women | child children | foot feet | tooth teeth | mouse mice | goose geese | ox oxen | wife wives
knife knives | half halves | shelf shelves | wolf wolves | thief thieves | loaf loaves | calf calves | penny pence
person people
"""
_KIN = """
decide decision | choose choice | lose loss | sell sale | die death dead | marry marriage | believe belief | prove proof
succeed success successful | describe description | receive receipt | produce production | destroy destruction
divide division | conclude conclusion | admit admission | permit permission | apply application
compare comparison | persuade persuasion | explain explanation | deep depth | long length | wide width
strong strength | high height | warm warmth | young youth | true truth | poor poverty | angry anger | hungry hunger
proud pride | grow growth | fly flight | weigh weight | give gift | speak speech | think thought | serve service
advise advice | prefer preference | exist existence | differ difference different | resist resistance
appear appearance | disappear disappearance | perform performance | maintain maintenance | enter entry entrance
remove removal | refuse refusal | propose proposal | approve approval | arrive arrival | survive survival
deny denial | try trial | bury burial | withdraw withdrawal | fail failure | depart departure | please pleasure
expand expansion | extend extension | intend intention | suspect suspicion | solve solution | respond response
analyse analysis analyses | criticise criticism critic | complain complaint | absent absence | silent silence
important importance | patient patience | violent violence | confident confidence | independent independence
"""
_SYNONYMS = """
buy purchase | begin start commence | end finish | stop cease quit halt | try attempt | fix repair mend
build construct | shut close | big large | small little | quick fast rapid swift | hard difficult tough
glad happy pleased | rich wealthy | ill sick unwell | correct accurate | wrong incorrect | odd strange peculiar
clever smart intelligent | afraid scared frightened | tired weary exhausted | silent quiet | whole entire
nearly almost | often frequently | seldom rarely | perhaps maybe possibly | sometimes occasionally
usually generally normally | immediately instantly | child kid | father dad | mother mum | grandmother grandma granny
grandfather grandpa grandad | doctor physician | lorry truck | car automobile | flat apartment | lift elevator
holiday vacation | shop store | film movie | rubbish garbage trash | petrol gasoline | pavement sidewalk
railway railroad | post mail | company firm | salary wage | price cost | photograph photo picture | wood forest
sea ocean | stone rock | need require | want wish desire | love adore | hate detest loathe | ask inquire
answer reply respond | speak talk | shout yell | show display | hide conceal | help assist aid | allow permit
forbid prohibit ban | choose select pick | use utilise | throw toss | move relocate | happen occur | seem appear
rise increase | fall decrease decline drop | damage harm hurt | destroy ruin wreck | meet encounter | leave depart
arrive reach | own possess | keep retain | remember recall recollect | understand grasp comprehend
believe think reckon suppose | claim maintain insist assert argue contend | notice observe | find discover
seek search | collect gather | join connect link | divide split separate | important crucial vital
enough sufficient | many numerous | old elderly | last final | main chief principal | famous renowned
terrible awful dreadful | wonderful marvellous splendid | funny amusing | dull boring tedious | cheap inexpensive
expensive costly | dangerous hazardous | safe secure | empty vacant | mistake error | problem trouble difficulty
idea notion | result outcome consequence | goal aim purpose objective | method approach | part portion
amount quantity | sort type | place location | area region district | rest remainder | rule regulation
colleague coworker | worker employee | customer client | owner proprietor | student pupil | guest visitor
disease illness sickness | journey trip | clothes clothing garment | yearly annual
provide supply | gain obtain acquire | beneath underneath below | abandon relinquish | continue proceed
"""
_COMPARED = (
    "big bright brave brief calm cheap clean clear clever close cold cool cruel dark deep dense dim dry dull easy "
    "fair fast fat fine firm flat fresh full gentle grand great green happy hard harsh heavy high hot hungry kind "
    "large lazy light loud low mild narrow neat new nice noisy old plain poor proud quick quiet rare rich ripe "
    "rough sad safe shallow sharp short sick simple slim slow small smart smooth soft steep stiff strange strict "
    "strong sweet tall thick thin tidy tight tiny tough ugly warm weak wet wide wild wise young busy dirty funny "
    "lonely lovely lucky pretty silly sunny wealthy healthy costly deadly friendly"
).split()
_GRADES = "good better | bad worse"
_DOUBLED = frozenset("big dim fat fit hot sad slim thin wet".split())


def _rows(lines: str) -> list[list[str]]:
    return [one.split() for line in lines.strip().splitlines() for one in line.split("|")]


def _to_first(lines: str) -> dict[str, str]:
    """Each word of each row to the row's first."""
    return {word: first for first, *others in _rows(lines) for word in others}


def _comparatives() -> dict[str, str]:
    return {_comparative(word): word for word in _COMPARED}


def _comparative(word: str) -> str:
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ier"
    return word + (word[-1] if word in _DOUBLED else "") + "er".removeprefix("e" if word.endswith("e") else "")


IRREGULAR = _to_first(_VERBS)
"""Forms of irregular verbs, to the infinitive."""
PLURALS = _to_first(_NOUNS)
"""Irregular plurals, to the singular."""
COMPARATIVES = _comparatives() | _to_first(_GRADES)
"""Comparatives, to the adjective."""
KIN = _rows(_KIN)
"""Words that are made of the first of each row."""
SYNONYMS = _rows(_SYNONYMS)
"""Words of which one can stand for another in most sentences."""
