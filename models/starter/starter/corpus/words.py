"""Word lists of the corpus. They are never used alone: `values` mixes them with nonce words."""


def _words(text: str) -> tuple:
    return tuple(text.split())


FIRST_NAMES = _words("""Anna Ben Clara David Elena Frank Grace Henry Irene Jack Karen Leo Maria Nina Oscar Paula Quentin Rosa Sam Tina
Umar Vera Walter Xenia Yusuf Zoe Amir Bianca Carlos Dana Emil Farah George Hana Ivan Julia Kofi Lena Marco Nadia Olga Peter Priya Ravi
Sofia Tomas Uma Victor Wanda Yara Zane Alice Bruno Chloe Diego Erik Fatima Gita Hugo Ines Jonas Kate Liam Mia Noah Olivia Pablo Ruth
Simon Thea Mei Arjun Aisha Lukas Robert Linda Susan Michael John Emma James Laura Helga Cyril Agnes Boris Edith Gustav Ingmar Klara
Ludwig Mabel Norbert Ophelia Percy Rufus Selma Tobias Ursula Viola Wendel Yvonne Zelda Aldo Bettina Conrad Doris Ewan""")
LAST_NAMES = _words("""Miller Smith Jones Garcia Novak Rossi Weber Kim Chen Singh Patel Brown Davis Wilson Moore Taylor Martin Lee Walker
Hall Young King Wright Lopez Hill Green Baker Adams Nelson Carter Mitchell Turner Parker Evans Collins Stewart Morris Reed Cook Bell
Murphy Bailey Cooper Ward Gray Hughes Price Wood Ross Foster Long Ali Haddad Okafor Mensah Tanaka Sato Ivanov Popov Larsen Berg Dubois
Moreau Fischer Keller Silva Costa Santos Khan Lindqvist Horvath Petrov Nakamura Eriksen Oduya Marchetti Vogel Brandt Castillo""")
NOUNS = _words("""paper chair desk laptop monitor cable toner coffee glove box pallet screw lamp keyboard headset phone tablet printer
software licence cleaning catering training transport repair storage uniform bottle filter battery bearing pump valve tile paint timber
label envelope folder pen whiteboard camera sensor router server bandage mask seed flour sugar tea fabric leather budget launch website
contract delivery audit survey roadmap pricing payroll security backup migration newsletter inventory warehouse invoice campaign report
forecast meeting workshop presentation renewal insurance catalogue supplier office travel equipment policy handbook review demo release
kitchen parking calendar database network password contractor interview offer proposal order shipment refund complaint brochure event
booth logo packaging prototype sample apple river candle window engine pencil lantern basket mountain rocket saddle violin blanket anchor
button copper feather garden hammer island jacket kettle ladder magnet needle pepper ribbon silver tunnel velvet walnut bridge castle
helmet ivory jungle lemon marble noodle oyster parrot quartz temple umbrella village whistle barrel cactus boat truck fence mirror carpet
curtain drill elevator fountain generator hose incubator jar kiln lathe mixer notebook oven pillow quilt radiator scanner thermostat
turbine vacuum wagon bicycle piano sofa stove bench bucket cabinet clock crane door floor gate heater key lock map museum pipe poster
roof shelf sign stamp switch tank tent ticket tool tower toy tray wall wheel wire yard bakery clinic school harbour farm studio theatre
library garage workshop lobby archive certificate statement permit passport badge form survey letter parcel medal trophy menu recipe""")
VERBS = _words("""review prepare send update check finish call approve draft order collect schedule book print sign cancel confirm plan
clean test fix upload archive compare translate publish share renew verify paint wash count label pack unpack move repair replace install
measure photograph return sell buy deliver inspect polish sharpen water trim feed build design rewrite correct scan file shred stamp copy
mail post register close open lock charge empty refill sort weigh record tag wrap assemble calibrate decorate""")
ADJECTIVES = _words("""old new final first second weekly monthly quarterly annual internal external urgent small large short revised
signed missing open legal spring summer autumn winter local regional main red blue green yellow black white broken spare heavy light
wooden steel plastic round quiet loud cheap secret early late empty full northern southern temporary digital""")
TRADES = _words("""invoice support onboarding contract minutes sales policy spreadsheet inbox recruiting procurement compliance travel
finance quality warehouse marketing events facilities training data research payroll logistics safety content tax legal garden bakery
museum theatre pottery sailing forestry dental school library hotel farm harbour studio orchestra chess wine fashion laboratory""")
JOBS = _words("""assistant clerk helper planner analyst coordinator writer reviewer librarian drafter buyer agent specialist keeper
scheduler adviser manager trainer secretary inspector designer curator organiser researcher tutor guide""")
MONTHS = _words("January February March April May June July August September October November December")
DAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
COMPANY_ENDINGS = ("Ltd", "GmbH", "Inc", "LLC", "Group", "Supplies", "Logistics", "Foods", "Systems", "Partners", "Studio", "Trading",
                   "Services", "Labs", "& Sons", "Consulting", "Energy", "Media", "Tools", "Print", "AG", "BV", "NV", "SA", "Hardware",
                   "Textiles", "Freight", "Yachts", "Glass", "Plumbing", "Catering")
COMPANY_STARTS = _words("""North Blue River Stone Green Bright Silver Harbor Oak Maple Summit Metro Delta Prime Global Swift Clear Iron
Golden Alpine Coastal Urban Red Royal Pioneer Union Crown Falcon Cedar Lake Forest Star Sun Moon Hill Bridge Castle Garden Ocean Crystal""")
