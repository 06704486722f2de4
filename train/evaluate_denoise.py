"""Denoisers on the pairs of eval/, beside the noisy recordings and other projects' models.

evaluate_denoise.py --data <audio folder> --peers <folder of ONNX files> --model models/denoise-ssm .. [--json out.json]
SI-SDR, STOI, log-spectral distance and DNSMOS by SNR band; for own models also clean speech in. After training, once.
"""
import argparse
import json
from collections import defaultdict
from pathlib import Path
import numpy as np
import soundfile as sf
import torch
import denoise_net
import peers
from metrics import Dnsmos, lsd, si_sdr, stoi
from evaluate import load_stack


def own(folder):
    """A model folder as a function of samples; the last 160 samples, which need one more hop, come from padding."""
    net, config = load_stack(folder)
    keep, filtered = config["millrace"]["frontend"]["phase_bins"], config["millrace"]["heads"]["filter_bins"]

    @torch.no_grad()
    def run(x):
        audio = torch.from_numpy(np.concatenate([x, np.zeros(160 + -len(x) % 160)]).astype(np.float32))[None]
        spectra = denoise_net.analyse(audio)
        wide, bins = denoise_net.features(spectra), denoise_net.BINS
        rows = torch.cat([wide[..., :bins + keep], wide[..., 2 * bins:2 * bins + keep]], -1)
        return denoise_net.synthesise(denoise_net.apply(spectra, net(rows), filtered))[0].numpy()[:len(x)].astype(np.float64)
    return run


def figures(y, clean, mos):
    sig, bak, ovrl = mos(y)
    return {"si_sdr": si_sdr(y, clean), "stoi": stoi(y, clean), "lsd": lsd(y, clean), "sig": sig, "bak": bak, "ovrl": ovrl}


def mean(rows):
    return {k: round(float(np.nanmean([r[k] for r in rows])), 4) for k in rows[0]}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True, help="audio folder: holds eval/")
    p.add_argument("--peers", required=True, help="folder of the ONNX files (dnsmos_sig_bak_ovr.onnx among them)")
    p.add_argument("--model", nargs="*", default=[])
    p.add_argument("--json", help="where to put the figures")
    p.add_argument("--sounds", help="folder for the cleaned recordings")
    args = p.parse_args()
    torch.set_num_threads(1)
    folder, ports = Path(args.data) / "eval", Path(args.peers)
    mos = Dnsmos(ports / "dnsmos_sig_bak_ovr.onnx")
    systems = {"noisy": lambda x: x, "gtcrn": peers.gtcrn(ports), "dtln": peers.dtln(ports), "ul-unas": peers.ulunas(ports)}
    systems.update({Path(m).name: own(m) for m in args.model})
    rows, clean_in = defaultdict(list), defaultdict(list)
    for line in open(folder / "denoise.jsonl", encoding="utf8"):
        item = json.loads(line)
        noisy, clean = (sf.read(folder / kind / f"{item['id']}.flac", dtype="float64")[0] for kind in ("noisy", "clean"))
        for name, run in systems.items():
            y = run(noisy)
            rows[name].append({"snr": item["snr"], "noise": item["noise"], **figures(y, clean, mos)})
            if name != "noisy":
                clean_in[name].append(si_sdr(run(clean), clean))
            if args.sounds and name in map(lambda m: Path(m).name, args.model):
                Path(args.sounds, name).mkdir(parents=True, exist_ok=True)
                sf.write(Path(args.sounds, name, f"{item['id']}.wav"), y, 16000)
    found = {}
    for name, mine in rows.items():
        drop = lambda r: {k: v for k, v in r.items() if k not in ("snr", "noise")}
        found[name] = {"pairs": len(mine), "all": mean([drop(r) for r in mine]),
                       "by_snr": {str(s): mean([drop(r) for r in mine if r["snr"] == s]) for s in sorted({r["snr"] for r in mine})},
                       "by_noise": {n: mean([{"si_sdr": r["si_sdr"], "stoi": r["stoi"]} for r in mine if r["noise"] == n])
                                    for n in sorted({r["noise"] for r in mine})}}
        if name in clean_in:
            found[name]["clean_in_si_sdr"] = {"mean": round(float(np.mean(clean_in[name])), 2),
                                              "least": round(float(np.min(clean_in[name])), 2)}
        print(name, json.dumps(found[name]["all"]), found[name].get("clean_in_si_sdr", ""))
    if args.json:
        Path(args.json).write_text(json.dumps(found, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
