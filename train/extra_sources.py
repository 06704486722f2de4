"""What extra.py takes out of which package. extra.md has versions, authors and what was left out."""

BY_SA = "CC-BY-SA-3.0"
GLEST = r"tilesets/(?!hell).*\.(ogg|wav)$"
KARTS = ("airplane_jetEngine|bowling_roll|car_accel|car_revup|clock|crash.?|splash|engine_large|engine_small|explosion|exotic-birds.*"
         "|fireworks_show|forcefield|goo|gp_end|horn|machine_sound|metal_clang|rain|river_loop|skid|spaceship|strike|thunder"
         "|waterfall_loop_2|wooden_bridge|break|hammer|inflate|plunger|portal")
KART_TUNES = "bay|celtic|egypt|farm|garden|hacienda|Lava|subsea|valley|West|xeon6|Snowy|overworld|demonhill"
# Package, source, kind, type or speaker (\1: what the first bracket of the pattern found), licence, pattern of paths,
# at most minutes, of it a recording at most seconds.
SOURCES = (
    ("festvox-ru", "festvox-ru", "speech", "festvox-ru", "BSD-like (N. V. Shmyrev)", r"/wav/.*\.wav$", 45, 60),
    ("0ad-data", "0ad", "speech", r"0ad-\1-\2", BY_SA, r"audio/voice/(greek|latin|napatan|persian)/civ/civ_(male|female)_.*\.ogg$", 8, 20),
    ("0ad-data", "0ad", "noise", "fx-nature", BY_SA, r"audio/ambient/(dayscape|water|weather)/.*\.ogg$", 15, 120),
    ("0ad-data", "0ad", "noise", "fx-village", BY_SA, r"audio/(ambient/building/amb_(farm|port)|actor/(?!human)(?!.*death)).*\.ogg$", 8, 30),
    ("0ad-data", "0ad", "noise", "fx-work", BY_SA, r"audio/resource/.*\.ogg$", 8, 30),
    ("0ad-data", "0ad", "noise", "fx-blows", BY_SA, r"audio/attack/(?!.*(order|weapon/.*_attack)).*\.ogg$", 8, 30),
    ("megaglest-data", "megaglest", "noise", "fx-nature", BY_SA, GLEST, 30, 120),
    ("megaglest-data", "megaglest", "noise", "fx-work", BY_SA,
     r"/sounds/[^/]*(build|harvest|mine|anvil|fall|walk|arrow_hit|tower_hit|catapult|cow|pig|chicken|bull|bee|horse_|water\d)[^/]*\.wav$", 12, 30),
    ("megaglest-data", "megaglest", "noise", "music", BY_SA, r"factions/(indian|magic|tech|romans)/music/.*\.ogg$", 3, 45),
    ("supertuxkart-data", "supertuxkart", "noise", "fx-engines", "CC0-1.0, CC-BY-3.0, CC-BY-SA-3.0/4.0 or public domain, by file",
     rf"data/sfx/({KARTS})\.ogg$", 20, 60),
    ("supertuxkart-data", "supertuxkart", "noise", "music", BY_SA, rf"data/music/({KART_TUNES})\.ogg$", 6, 30),
    ("openttd-opensfx", "opensfx", "noise", "fx-transport", BY_SA, r"opensfx\.cat$", 20, 30),
    ("unknown-horizons", "unknown-horizons", "noise", "fx-village", BY_SA, r"audio/sounds/(?!.*(scenario|win|lose)).*\.ogg$", 10, 60),
    ("unknown-horizons", "unknown-horizons", "noise", "music", BY_SA, r"audio/music/(?!Peer).*\.ogg$", 5, 30),
    ("flare-game", "flare", "noise", "fx-nature", BY_SA, r"soundfx/environment/(?!teleporter).*\.ogg$", 10, 70),
    ("flare-game", "flare", "noise", "fx-steps", BY_SA, r"soundfx/(steps|inventory|powers|enemies)/.*\.ogg$", 5, 20),
    ("flare-game", "flare", "noise", "music", BY_SA, r"fantasycore/music/.*\.ogg$", 5, 30),
    ("lugaru-data", "lugaru", "noise", "fx-nature", BY_SA, r"Sounds/(Wind|DesertAmbient)\.ogg$", 3, 120),
    ("lugaru-data", "lugaru", "noise", "fx-blows", BY_SA, r"Sounds/(?!Music|Wind|DesertAmbient).*\.ogg$", 5, 20),
    ("minetest-data", "minetest", "noise", "fx-steps", BY_SA + " (doors CC-BY-3.0, tnt CC0-1.0)",
     r"minetest_game/mods/(default|doors|fire|env_sounds|carts|tnt)/sounds/.*\.ogg$", 5, 30),
    ("scratch", "scratch", "noise", "fx-household", BY_SA, r"Sounds/(Animal|Effects|Percussion)/.*\.(wav|mp3)$", 5, 30),
    ("scratch", "scratch", "noise", "fx-people", BY_SA, r"Sounds/Human/(Cough|Sneeze|Footsteps|Finger|Laugh|Slurp).*\.(wav|mp3)$", 5, 30),
    ("scratch", "scratch", "noise", "music", BY_SA, r"Sounds/Music Loops/(?!Human).*\.(wav|mp3)$", 3, 30),
    ("endless-sky-data", "endless-sky", "noise", "fx-machines", "public domain (two files CC-BY-SA-3.0)", r"/sounds/.*\.(wav|mp3)$", 6, 180),
    ("lomiri-sounds", "lomiri", "noise", "music", "CC-BY-SA-3.0, CC-BY-3.0/4.0 or CC0-1.0, by file",
     r"lomiri/(notifications|ringtones)/.*\.ogg$", 8, 20),
)
