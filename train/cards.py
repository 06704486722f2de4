"""Model cards: what each exported model is, what made it, what was measured, what it cannot do."""

SOURCES = """Weights: Apache-2.0. They were trained on data that includes CC BY-SA sources; the recordings
themselves are not part of this repository. We take the weights not to be an adaptation of any one
recording; who takes another view should treat them as CC BY-SA 4.0. Attribution in either case:

- Speech: Picovoice wake-word-benchmark and speech-to-intent-benchmark (Apache-2.0); Mycroft
  Precise-Community-Data, without its non-commercial part (public domain); Asterisk core sounds en
  and es (Allison Smith) and fr (June Wallack), CC BY-SA 3.0, and ru (Maxim Topal), CC BY 3.0; rhasspy
  dataset-voice-kathleen and dataset-voice-kerstin (CC0).{words}
- Noise: ESC-10 (K. J. Piczak, CC BY 3.0; clips CC0 or CC BY from Freesound, authors in its README);
  sounds of the Blanket application (Rafael Mardojai; CC0, CC BY, CC BY-SA and public domain, authors
  in its SOUNDS_LICENSING.md); Precise-Community background noise (public domain); Sonic Pi samples
  (CC0 files); synthetic noise, and babble made of the speech above."""

# What extra.py adds, by source: said in a card only if the corpus had it.
EXTRA = {
    "festvox-ru": "festvox-ru (N. V. Shmyrev, BSD-like)",
    "0ad": "0 A.D. (Wildfire Games, CC BY-SA 3.0)",
    "megaglest": "MegaGlest (The Glest Team, The MegaGlest Team, CC BY-SA 3.0)",
    "supertuxkart": "SuperTuxKart (its authors by file in Debian's copyright file; CC0, CC BY 3.0, CC BY-SA 3.0 and 4.0, public domain)",
    "opensfx": "OpenSFX (its authors, CC BY-SA 3.0)",
    "unknown-horizons": "Unknown Horizons (its team, hazure; CC BY-SA 3.0)",
    "flare": "Flare (Clint Bellanger and others, CC BY-SA 3.0)",
    "lugaru": "Lugaru (Wolfire Games, CC BY-SA 3.0)",
    "minetest": "Minetest (Perttu Ahola and others, CC BY-SA 3.0; CGEffex, CC BY 3.0; CC0)",
    "scratch": "Scratch 1.4 (MIT, CC BY-SA 3.0)",
    "endless-sky": "Endless Sky (public domain; Mike Koenig, CC BY-SA 3.0)",
    "lomiri": "Lomiri (Canonical, Sam Hulick, CC BY-SA 3.0; Amber Forest, CC BY 3.0; Mauricio Duarte, TMetso, Wayne Taylor, CC BY 4.0; CC0)",
}

FILES = """`model.safetensors` (float32; the normalisation of the rows is folded into `embed`), `config.json` (the
cell's usual keys; section `millrace`: front end, ends, heads, training, figures), `golden.safetensors`
(a synthetic sound, its rows, the logits before the sigmoid, the last state{sound})."""

TITLES = {"denoise": "speech out of noise, 20 ms", "vad": "speech activity every 10 ms, second edition",
          "keyword": "eighteen spoken words"}


def table(head, rows):
    line = lambda cells: "| " + " | ".join(str(c) for c in cells) + " |"
    return "\n".join([line(head), "|" + "---|" * len(head)] + [line(r) for r in rows])


def denoise_figures(name, measured):
    """The comparison table and the SNR bands of this model."""
    if not measured or name not in measured:
        return "Not measured yet."
    order = [k for k in ("noisy", "gtcrn", "dtln", "ul-unas") if k in measured]
    order += [k for k in measured if k not in order]
    cell = lambda k, f: "-" if measured[k]["all"].get(f) is None else f"{measured[k]['all'][f]:.3f}" if f == "stoi" else f"{measured[k]['all'][f]:.2f}"
    rows = [[f"**{k}**" if k == name else k, *(cell(k, f) for f in ("stoi", "si_sdr", "lsd", "sig", "bak", "ovrl")),
             measured[k].get("clean_in_si_sdr", {}).get("mean", "-")] for k in order]
    pairs = measured[name]["pairs"]
    text = (f"{pairs} noisy/clean pairs (unseen voices and noise recordings, -5 to 15 dB), every system on the same files in "
            "one run, once, after training:\n\n"
            + table(["", "STOI", "SI-SDR dB", "LSD dB", "SIG", "BAK", "OVRL", "clean in: SI-SDR"], rows))
    bands = measured[name]["by_snr"]
    noisy = measured.get("noisy", {}).get("by_snr", {})
    text += "\n\nBy SNR of the input (this model; noisy in brackets):\n\n" + table(
        ["", *(f"{s} dB" for s in bands)],
        [[label, *(f"{bands[s][f]:.{d}f} ({noisy[s][f]:.{d}f})" if s in noisy else bands[s][f] for s in bands)]
         for label, f, d in (("STOI", "stoi", 3), ("SI-SDR", "si_sdr", 1))])
    kinds = sorted(measured[name]["by_noise"].items(), key=lambda kv: kv[1]["si_sdr"])
    text += ("\n\nHardest noises by SI-SDR: " + ", ".join(f"{k} {v['si_sdr']:.1f} dB" for k, v in kinds[:3])
             + "; easiest: " + ", ".join(f"{k} {v['si_sdr']:.1f} dB" for k, v in kinds[-3:]) + ".")
    clean = measured[name]["clean_in_si_sdr"]
    return (text + f"\n\nClean speech in: {clean['mean']} dB SI-SDR on average, {clean['least']} dB at the least "
            "(every system here is at 2.5 to 5 dB on its worst track).")


def vad_figures(name, measured):
    if not measured or name not in measured:
        return "Not measured yet."
    pick = ("auc", "auc_20_db", "auc_10_db", "auc_5_db", "auc_0_db", "auc_pauses_filled")
    rows = [[f"**{k}**" if k == name else k, *(f"{m[f]:.4f}" for f in pick)] for k, m in measured.items()]
    m = measured[name]
    return ("ROC AUC over the 10 ms hops of ten labelled 80 s scenes, once, after training; last column: with pauses of up to "
            "200 ms counted as speech, nearer to what listeners mark:\n\n"
            + table(["", "all", "20 dB", "10 dB", "5 dB", "0 dB", "pauses filled"], rows)
            + f"\n\nAt probability 0.5: {m['hit_rate_at_half']:.1%} of speech hops found, {m['false_alarm_rate_at_half']:.1%} "
            f"of other hops marked. Two or three scenes an SNR: differences of a few thousandths mean little.")


def keyword_figures(name, measured):
    if not measured or name not in measured:
        return "Not measured yet."
    m = measured[name]
    rows = [[k.replace("_", " "), *(f"{m[k][f]:.1%}" for f in ("right", "words", "words_evenly", "false_accepts"))]
            for k in ("clean", "10_db", "5_db", "0_db") if k in m]
    words = sorted(m["clean"]["by_word"].items(), key=lambda kv: kv[1])
    text = (f"{m['clips']} clips of held-out (pseudo-)speakers, threshold {m['threshold']}, once, after training:\n\n"
            + table(["", "right", "words only", "mean over words", "negatives taken for a word"], rows)
            + "\n\nClean, by word: " + ", ".join(f"{w} {v:.0%}" for w, v in words) + ".")
    for kind, label in (("unheard", "speech never heard in training (English prompts, one voice)"), ("heard", "speech heard as negatives")):
        a = m[f"alarms_{kind}"]
        text += (f"\n\nFalse alarms of the eight wake words on {a['hours'] * 60:.0f} minutes of {label}: {a['false_alarms']} "
                 f"(highest scores {', '.join(f'{h:.2f}' for h in a['highest'][:3])}).")
    return text


EMBEDDING = """ `embedding.*` whitens the trunk's row and `background`
is 1,024 ways of running speech through it, for `millrace enrol` (`train/background.py`)."""
LIMITS = {
    "denoise": """- Trained on 3.8 hours of clean speech and 2.9 hours of noise, much of the latter synthetic, in two runs (the second began with
  the weights of the first, 12,944 steps) and the full models in a third: each second of speech was heard some 800 times, by the full
  ones 1,300 times. On development scenes these were still gaining a little at the end (.2 dB in the third run).
- Babble, crying and music are 10 % of the noise; a second voice is not removed on purpose, and may be half removed.
- Reverberation after 50 ms is damped, not removed. Never trained on singing, whispering, children, or above 8 kHz.
- Figures and pictures: nobody has listened for this card, and PESQ was not taken. The spectrograms of ten results show: clicks
  and ticks go whole, also inside words; of steady noise at 0 dB and above little is left between words; in rain, chainsaw and
  train at -5 to 0 dB consonants above 4 kHz are lost with it; loud babble takes most of the voice along with the others.""",
    "vad": """- Policy: one voice is speech however faint the scene makes it; babble, crying and music are not; pauses of less
  than 200 ms inside a clip count as speech with a quarter of the weight in training.
- Labels come from the energy of clean speech, not from listeners. Never measured on hand-labelled recordings.
- Most speakers are pseudo-speakers (clusters of recordings without names), so "unseen" is approximately true.""",
    "keyword": """- The threshold was chosen by `judge.py`, on development clips and on the speech of voices kept out, not on the clips below.
- Digits come from four recorded voices at 8 kHz (one of them the development voice), one prompt of a fifth and synthesised
  voices; two unseen voices measure them, and one of them says a "three" that is often missed. In running speech digits were half
  let go in training ("to", "for").
- Noise at 0 dB takes a quarter of the words. What false alarms remain are loud ones: a higher threshold does not take them away.
- 26,280 steps of scenes of 3 to 20 s, from empty states, made an SSM that was nearly deaf after a minute of speech (2 of 30 wake words
  heard in twelve minutes). 2,700 steps in which scenes go on from the states that others ended in mended that (30 of 30, with the same
  scores in the last minute as in the second) and cost 2 points clean and 3 at 0 dB. The twin, whose window forgets, had the same steps.
- Words of one's own that the model never heard (`millrace enrol`): one of two tried is heard well; figures in
  [docs/changes](../../docs/changes/enrol.changed.md).
- amelia (one voice), computer and a few others have few evaluation clips: their figures are anecdotes.
- Most speakers are pseudo-speakers, so "unseen" is approximately true.""",
}


def how(task, about):
    """What goes in and comes out, in numbers."""
    f = about["frontend"]
    if task == "denoise":
        h = about["heads"]
        return f"""Every 10 ms: 161 bins of a 320-sample square-root Hann window (the hop and the one before), divided by the root of a
running level (mean power of the bins, .99 kept a hop, first hops unbiased, plus {f['level_floor']:g}); ln(|x|^2 + {f['power_floor']:g}) of all bins, then
re and im of x (|x|^2 + {f['power_floor']:g})^-0.35 of the {f['phase_bins']} lowest. The stack answers with {h['speech'][1]} values through a sigmoid: a gain for each
bin; real, then imaginary parts of 3 filter taps (now, one hop ago, two) for the {h['filter_bins']} lowest bins, 4 v - 2 each; the
probability of speech. Out: gain times spectrum plus filtered spectrum, back by the same window and overlap-add:
hop t completes the samples of hop t - 1, so the latency is the window, 20 ms."""
    if task == "keyword":
        return ("40 log-mel bands every 10 ms as for speech activity; one sigmoid a word (`millrace.words`). A word's score is the "
                "largest mean of its probability over 12 hops, after the word's end; the word with the largest score over the "
                "threshold is the answer, none if all are under it.")
    return "40 log-mel bands every 10 ms (400-sample Hann window, no look-ahead); one logit, sigmoid: the hop's probability of speech."


def training(about, hardware):
    t = about["trained"]
    dev = ", ".join(f"{k} {v:.4f}" for k, v in t["dev"].items() if isinstance(v, float))
    return (f"Step {t['step']} at {t['seconds']} s of a run of which {hardware} ran several at a time; batches of {t['batch']} scenes, seed "
            f"{t['seed']}, AdamW at {t['rate']:g}, 200 steps of warm-up, level for 60 % of the time, then down to 1 %; gradient clip 1; averaged "
            f"weights. The twin had the same batches in the same order. Kept: the best by the score on development voices and noises, "
            f"cut from the training part: {dev}. Recipe: [train/](../../train).")


def extra(sources):
    """The line about further Debian packages, or nothing."""
    said = [text for name, text in EXTRA.items() if name in sources]
    return "\n- Further speech and noise, from Debian packages ([train/extra.md](../../train/extra.md)): " + "; ".join(said) + "." if said else ""


def card(task, size, net, name, about, measured, hardware):
    """The README.md of a model folder."""
    ssm = net.cell == "ssm"
    twin = name.replace("-ssm", "-attention") if ssm else name.replace("-attention", "-ssm")
    cell = (f"{net.shape.layers} Mamba-2 blocks of width {net.shape.width}" if ssm else
            f"{net.shape.layers} sliding-window ({net.shape.window} rows) attention blocks of width {net.shape.width}")
    figures = {"denoise": denoise_figures, "vad": vad_figures, "keyword": keyword_figures}[task](name, measured)
    words = ("\n- Words: Picovoice wake-word-benchmark (Apache-2.0), free-spoken-digit-dataset (CC BY-SA 4.0), Precise-Community-Data "
             "(public domain); and, synthesised, by espeak-ng, flite and festival's diphone and HTS voices of American English "
             "(kal, ked, slt)." if task == "keyword" else "")
    kept = "constant" if ssm else "keys and values of a full window"
    return f"""# {name}: {TITLES[task]}

{cell} between linear ends, causal. {about['parameters']:,} parameters, {about['multiply_adds_per_hop'] / 1e4:.1f} M multiply-adds a second
(matrices and state; transforms are apart), {about['state_bytes']:,} bytes of float32 state a stream ({kept}).
Its twin with the other cell, trained on the same scenes in the same order: [{twin}](../{twin}).

## Files
{FILES.format(sound=', and the cleaned sound' if task == 'denoise' else '')}{EMBEDDING if task == 'keyword' else ''}

## In and out
{how(task, about)}

## Limits
{LIMITS[task]}

## Measured
{figures}

## Training
{training(about, hardware)}

## Data and licence
{SOURCES.format(words=words)}{extra(about["trained"].get("sources", []))}
"""
