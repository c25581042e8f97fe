"""Words and sentence patterns of the benchmark's texts. {noun} in a pattern is replaced by one of WORDS["noun"];
{count}, {year} and {size} are replaced by numbers.
"""

from __future__ import annotations


def _split(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.replace("\n", " ").split(",") if word.strip())


WORDS = {
    "noun": _split("""
        lighthouse, ledger, telescope, orchard, archive, reservoir, violin, glacier, greenhouse, manuscript, turbine,
        harbour, barometer, tapestry, workshop, observatory, footbridge, compiler, seismograph, parliament, aqueduct,
        cathedral, microscope, railway, vineyard, spectrometer, thermostat, catalogue, foundry, monastery, database,
        lagoon, satellite, hospital, printing press, water mill, beehive, courthouse, refrigerator, herbarium,
        locomotive, dataset, kiln, escalator, wheelbarrow, planetarium, synagogue, estuary, photograph, transformer,
        shipyard, pipeline, scaffold, waveguide, loudspeaker, dictionary, hydrofoil, gyroscope, polymer,
        amphitheatre, chloroplast, mitochondrion, cryptogram, oscilloscope, peat bog, windowsill, quarry, lathe,
        chronometer, accumulator, borehole, canal lock, weighbridge, ultrasound scanner, graph index, job scheduler,
        load balancer, message queue, checksum, kernel module"""),
    "things": _split("""
        invoices, migratory birds, fossils, passengers, earthquakes, recipes, subscriptions, manuscripts, antibodies,
        sediment cores, proverbs, packet captures, embroideries, tax returns, radio signals, bicycles, tide tables,
        vaccines, maps, sonatas, welds, firewalls, lichens, contracts, glaciers, vowels, meteorites, heart valves,
        enzymes, photons, rain gauges, spreadsheets, harvests, microprocessors, tombstones, telegrams, hedgehogs,
        elections, weather balloons, roof tiles, seedlings, trade winds, logbooks, shipping containers, backups,
        stack traces, embeddings, honeycombs, ballads, isotopes, cisterns, mosaics"""),
    "adjective": _split("""
        quiet, brittle, crowded, unfinished, meticulous, translucent, provincial, waterlogged, ornate, reluctant,
        asymmetric, sunlit, neglected, fragrant, hollow, lukewarm, cautious, corroded, magnificent, temporary,
        obscure, magnetic, narrow, deciduous, tedious, reversible, half-empty, well-documented, idempotent,
        nineteenth-century, biodegradable, lopsided, phosphorescent, multithreaded, underfunded, salt-stained,
        hand-painted, counterintuitive, weatherproof, electrochemical, self-taught, copper-plated, bilingual,
        photosynthetic, draughty, second-hand, unpretentious, gold-leafed, rust-coloured"""),
    "person": _split("""
        the librarian, an apprentice, the harbourmaster, a retired surveyor, the conductor, a botanist,
        the night nurse, the auditor, a glassblower, the translator, a geologist, the stationmaster, a cartographer,
        the beekeeper, a violinist, the magistrate, an anaesthetist, the archivist, a watchmaker, the editor,
        a crystallographer, the goalkeeper, a system administrator, the ferryman, an epidemiologist, the choirmaster,
        a stonemason, the ombudsman, a meteorologist, Mrs Okonkwo, Dr Lindqvist, Professor Yamamoto, Aoife Brennan,
        Señora Villanueva, young Matthias, old Bartholomew, Inês Figueiredo, Captain Achterberg"""),
    "did": _split("""
        repaired, catalogued, photographed, misplaced, inherited, dismantled, auctioned, measured, borrowed,
        restored, sketched, abandoned, rediscovered, insured, recalibrated, smuggled, translated, quarantined,
        benchmarked, rewired, transcribed, disinfected, varnished, defragmented, excavated, mothballed,
        counterfeited, galvanised, pollinated, reupholstered, waterproofed, cross-referenced, desalinated,
        reverse-engineered, hyphenated, fumigated"""),
    "manner": _split("""
        without telling anyone, before the first frost, with remarkable patience, in less than a fortnight,
        by candlelight, against all advice, for the third time, with borrowed tools, under pseudonyms,
        between two thunderstorms, as the regulations required, at considerable expense, through sheer stubbornness,
        from memory alone, during the siege, with a magnifying glass, on a Tuesday afternoon,
        after the ferry had left, in triplicate, to everybody's astonishment,
        notwithstanding the committee's objections, in accordance with section {count}, at {count} degrees Celsius,
        for approximately {size} euros"""),
    "place": _split("""
        behind the town hall, near Thessaloniki, on the north-eastern coast, in the basement of the museum,
        along the Mississippi, at the edge of the moor, in Reykjavík, under the railway arches,
        beyond the customs house, at 2, 400 metres, in the botanical garden, off the Portuguese coast,
        in a disused tannery, outside Ouagadougou, between the dunes, on the second floor, in the Carpathians,
        across the Øresund, upstream of the weir, by the old slaughterhouse, in rack {count} of the data centre,
        on the Kamchatka peninsula, in the Wirtschaftswunder years, near Llanfairfechan"""),
    "abstract": _split("""
        evaporation, jurisprudence, counterpoint, biodiversity, inflation, photosynthesis, hospitality, turbulence,
        superstition, refraction, bureaucracy, resilience, metallurgy, nostalgia, crystallography, gerrymandering,
        thermodynamics, absenteeism, interoperability, osmosis, self-determination, serialisation, electromagnetism,
        deforestation, misunderstanding, homoeostasis, backpressure, desertification, acclimatisation, quantisation,
        plagiarism, stoichiometry"""),
    "reason": _split("""
        nobody had read the footnotes, the humidity never fell below {count} per cent,
        the original drawings were lost in {year}, two of the witnesses disagreed, copper had become too expensive,
        the tide turned early, every copy carried a different date, the insurers insisted on it, the roof leaked,
        the watermark did not match, the certificate had expired overnight,
        neither party trusted the other's arithmetic, the pollen count was unusually high,
        electricity was rationed until {year}, the connector had oxidised,
        someone had confused kilobytes with kibibytes, the quorum was never reached,
        the antennas interfered with each other, half of the shipment arrived waterlogged,
        the checksum differed by a single bit"""),
    "code": _split("""
        ENOSPC, ISO 8601, SQLSTATE 40001, RFC 9457, libstdc++.so.6, pg_dump --format=custom, x86_64-linux-gnu,
        HTTP/1.1 503, 0x7ffdeadbeef, us-east-1b, systemd-analyze critical-chain, nvidia-driver-535,
        utf8mb4_unicode_ci, /var/lib/postgresql/16/main, TLS_AES_256_GCM_SHA384, sha256:9f86d081884c7d65,
        net.ipv4.tcp_max_syn_backlog, CVE-2024-3094, v2.10.0-rc3+build.{count}, 192.168.{count}.{count}, C12H22O11,
        NGC 6543, DIN 1451, EN 10025-2"""),
}

OPENINGS = _split(
    "meanwhile –, in hindsight –, as far as anyone knows –, to be fair –, curiously enough –, year after year –, "
    "on paper –, for the record –"
)

PATTERNS = (
    "the {adjective} {noun} {place} was {did} {manner}.",
    "{person} {did} the {noun} because {reason}.",
    "nobody expected the {noun} to outlast the {noun}, yet by {year} it had been {did} twice.",
    "how does {abstract} change once the {noun} is {adjective}?",
    "in {year}, {person} {did} {count} {things} {place}, and {person} wrote about it {manner}.",
    "{things} and {things} are often confused, although {abstract} explains most of the difference.",
    "the report lists {size} {things}, of which {count} were {adjective} and the rest had been {did} {manner}.",
    "if the {noun} is {adjective}, the {noun} must be {did} first; otherwise {reason}.",
    "{person} says that {abstract} matters more than {abstract}, especially {place}.",
    "after {count} years {place}, the {noun} still smelled of {things}.",
    "it took {count} days to move the {adjective} {noun}, {count} more to explain why {reason}.",
    "every {noun} needs a {adjective} {noun}, a patient {noun} and somebody who understands {abstract}.",
    "{person}, who {did} the {noun} {manner}, now collects {things}.",
    "the log showed {code} at 03:{count}, then {code}, and finally nothing at all because {reason}.",
    "compare {code} with {code}: the former concerns {abstract}, the latter merely {things}.",
    'what remained was a {adjective} {noun}, {count} {things} and a note that said: "{reason}".',
    "between {year} and {year} the price of {things} rose by {count} per cent, while {abstract} was discussed {place}.",
    "the {noun} ({adjective}, {adjective}, about {size} kilograms) stood {place} until {person} {did} it.",
    "{abstract} is taught {manner}; {abstract} is not taught at all.",
    "one can tell a {adjective} {noun} from a {adjective} one by its {things}.",
    '"we {did} it {manner}," said {person}, "and {reason}."',
    "no {noun} was {did} without {person} first inspecting the {things} {place}.",
)
