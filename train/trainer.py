"""The loop that all tasks share: several nets on the same batches, each with its own optimizer and averaged weights.

On a GPU a training step of a net is captured once a shape as a CUDA graph and replayed on the net's own stream, while
the next batch is mixed on another; on a CPU the same steps run plainly. A task gives (see denoise.py):
  key(step) -> name of a set of shapes;  scenes.seed(step), then make(key) -> dict of tensors;
  loss(net, tensors) -> scalar;
  measure(nets by name) -> {name: {figure: value, "score": value}}, by which best.pt is chosen.
"""
import copy
import json
import math
import time
from pathlib import Path
import numpy as np
import torch


def arguments(p):
    p.add_argument("--corpus", required=True, help="what corpus.py wrote")
    p.add_argument("--out", required=True, help="folder; <out>/<name>.pt and <out>/log-<task>.jsonl")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--steps", type=int, default=20000)
    p.add_argument("--seconds", type=float, help="fit the schedule into so much wall time instead of --steps")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--rate", type=float, default=2e-3)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--check", type=int, default=1000, help="steps between measurements on the dev split")
    p.add_argument("--resume", help="folder of earlier checkpoints: goes on with their weights and optimizers")
    p.add_argument("--rooms", type=int, default=512)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--compile", action="store_true", help="fuse the kernels of the SSM blocks (torch.compile)")
    p.add_argument("--no-graphs", dest="graphs", action="store_false", help="mix without a CUDA graph")
    return p


def samples(task, count=3):
    """Short batches apart from those of training, for the statistics of rows."""
    for i in range(count):
        task.scenes.seed(10 ** 9 + i)
        yield task.make("short")


def factor(done):
    """Learning rate over its top, `done` 0..1: level, then from 60 % on down to 1 % as 1 - sqrt."""
    return 1.0 if done < 0.6 else max(0.01, 1 - math.sqrt((done - 0.6) / 0.4))


def sources(corpus):
    """Where the recordings of a corpus came from, for the card; none known of corpora made before corpus.py said it."""
    with np.load(corpus) as found:
        return [str(s) for s in found["sources"]] if "sources" in found else []


class Job:
    """One net in training."""

    def __init__(self, name, net, loss, args):
        self.name, self.loss, self.args, self.device = name, loss, args, args.device
        self.gpu = args.device != "cpu"
        self.net = net.to(args.device)
        self.average = copy.deepcopy(self.net)
        if args.compile and net.cell == "ssm":
            # After the copy: the averaged net runs on dev scenes alone, of other shapes. Attention's mask does not compile
            # at every head width (28 fails in PyTorch 2.11), and gained a sixth at 24.
            torch._dynamo.config.cache_size_limit = 64
            for layer in self.net.body().layers:
                layer.compile(dynamic=False)
        # Matrices decay, vectors (biases, norms, A_log, dt_bias, D) do not.
        groups = [{"params": [p for p in net.parameters() if p.dim() > 1], "weight_decay": 0.01},
                  {"params": [p for p in net.parameters() if p.dim() <= 1], "weight_decay": 0.0}]
        rate = torch.zeros((), device=args.device) if self.gpu else 0.0
        self.opt = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True if self.gpu else None,
                                     capturable=self.gpu)
        self.total = torch.zeros((), device=args.device)
        self.count, self.steps, self.graphs = 0, 0, {}
        self.stream = torch.cuda.Stream() if self.gpu else None
        self.done = torch.cuda.Event() if self.gpu else None
        self.best = -math.inf
        self.sources = sources(args.corpus)

    def update(self, tensors):
        """One step; a step whose gradient is not finite is skipped by the fused optimizer."""
        self.opt.zero_grad(set_to_none=True)
        loss = self.loss(self.net, tensors)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        if self.gpu:
            self.opt.found_inf = (~torch.isfinite(norm)).float()
        elif not torch.isfinite(norm):
            return
        self.opt.step()
        self.total.add_(loss.detach().nan_to_num(100.0))

    def capture(self, key, tensors):
        """Three rehearsals at rate 0, then the graph of one step on these very tensors."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            for _ in range(3):
                self.update(tensors)
        torch.cuda.synchronize()
        self.opt.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            self.update(tensors)
        self.graphs[key] = graph
        torch.cuda.synchronize()
        self.total.zero_()

    def step(self, key, tensors, rate):
        if not self.gpu:
            for group in self.opt.param_groups:
                group["lr"] = rate
            self.update(tensors)
        else:
            if key not in self.graphs:
                self.capture(key, tensors)
            with torch.cuda.stream(self.stream):
                for group in self.opt.param_groups:
                    group["lr"].fill_(rate)
                self.graphs[key].replay()
        self.count, self.steps = self.count + 1, self.steps + 1
        if self.steps % 4 == 0:
            keep = min(0.9985, self.steps / (20 + self.steps)) ** 4
            context = torch.cuda.stream(self.stream) if self.gpu else torch.no_grad()
            with context, torch.no_grad():
                torch._foreach_lerp_(list(self.average.parameters()), list(self.net.parameters()), 1 - keep)

    def keep(self, found, seconds, path):
        """Writes weights (averaged), and the rest that a later run needs."""
        half = {"name": self.name, "cell": self.net.cell, "shape": vars(self.net.shape).copy(),
                "weights": self.average.state_dict(),
                "trained": {"step": self.steps, "seconds": round(seconds), "batch": self.args.batch,
                            "rate": self.args.rate, "seed": self.args.seed, "device": self.args.device, "dev": found,
                            "sources": self.sources}}
        if found.get("score", 0) > self.best:
            self.best = found.get("score", 0)
            torch.save(half, path / f"{self.name}.best.pt")
        # At every measurement: a borrowed machine can be gone before the run is over.
        torch.save({**half, "raw": self.net.state_dict(), "optimizer": self.opt.state_dict(),
                    "best": self.best}, path / f"{self.name}.last.pt")

    def resume(self, folder):
        path = Path(folder) / f"{self.name}.last.pt"
        if not path.exists():
            return
        old = torch.load(path, map_location=self.device, weights_only=False)
        self.net.load_state_dict(old["raw"])
        self.average.load_state_dict(old["weights"])
        groups = [dict(g) for g in old["optimizer"]["param_groups"]]
        self.opt.load_state_dict(old["optimizer"])
        for group, was in zip(self.opt.param_groups, groups):
            group["lr"] = torch.zeros((), device=self.device) if self.gpu else 0.0
        self.steps = old["trained"]["step"]


class Loop:
    """Runs jobs over a task's batches until the steps or the seconds are used up."""

    def __init__(self, task, jobs, args, name):
        self.task, self.jobs, self.args = task, jobs, args
        self.out = Path(args.out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.log = open(self.out / f"log-{name}.jsonl", "a", encoding="utf8")
        self.gpu, self.buffers = args.device != "cpu", {}
        if self.gpu:
            self.mixing, self.mixers = torch.cuda.Stream(), {}
            self.mixed, self.taken = torch.cuda.Event(), torch.cuda.Event()
        self.begun = time.time()
        if args.resume:
            for job in jobs:
                job.resume(args.resume)

    def say(self, **line):
        line["at"] = round(time.time() - self.begun, 1)
        print(json.dumps(line), flush=True)
        self.log.write(json.dumps(line) + "\n")
        self.log.flush()

    def draw(self, step):
        """The next batch: on a GPU by a graph on its own stream, into tensors that the next draw overwrites."""
        key, task = self.task.key(step), self.task
        if not self.gpu:
            task.scenes.seed(step)
            return key, task.make(key)
        if key not in self.mixers:
            self.mixers[key] = self.mixer(key)
        graph, tensors = self.mixers[key]
        with torch.cuda.stream(self.mixing):
            self.mixing.wait_event(self.taken)
            task.scenes.seed(step)
            graph.replay() if graph else [tensors[k].copy_(v) for k, v in task.make(key).items()]
            self.mixed.record(self.mixing)
        return key, tensors

    def mixer(self, key):
        """The graph of make(key) and the tensors it writes; no graph where the capture fails."""
        torch.cuda.synchronize()
        with torch.cuda.stream(self.mixing):
            for _ in range(2):
                tensors = self.task.make(key)
        torch.cuda.synchronize()
        if not self.args.graphs:
            return None, tensors
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.task.scenes.g)
        with torch.cuda.graph(graph, stream=self.mixing):
            tensors = self.task.make(key)
        torch.cuda.synchronize()
        return graph, tensors

    def hand(self, drawn):
        """Copies a batch into the buffers that the nets' graphs read: not before all nets are done with the last."""
        if not self.gpu:
            return drawn
        key, tensors = drawn
        main = torch.cuda.current_stream()
        main.wait_event(self.mixed)
        for job in self.jobs:
            main.wait_event(job.done)
        if key not in self.buffers:
            self.buffers[key] = {k: v.clone() for k, v in tensors.items()}
        mine = self.buffers[key]
        for k, v in tensors.items():
            mine[k].copy_(v)
        self.taken.record(main)
        for job in self.jobs:
            job.stream.wait_stream(main)
        return key, mine

    def measure(self, step, seconds):
        if self.gpu:
            torch.cuda.synchronize()
        with torch.no_grad():
            found = self.task.measure({job.name: job.average for job in self.jobs})
        for job in self.jobs:
            mean = float(job.total) / max(1, job.count)
            job.total.zero_()
            job.count = 0
            self.say(name=job.name, step=step, loss=round(mean, 4), **{k: round(v, 4) for k, v in found[job.name].items()})
            job.keep(found[job.name], seconds, self.out)

    def run(self):
        args, step, first = self.args, 0, self.jobs[0].steps
        drawn = self.draw(first)
        warm = time.time()
        while True:
            past = time.time() - warm
            share = past / args.seconds if args.seconds else step / args.steps
            if share >= 1:
                break
            key, tensors = self.hand(drawn)
            rate = args.rate * factor(share) * min(1, (step + 1) / 200)
            for job in self.jobs:
                job.step(key, tensors, rate)
                if self.gpu:
                    job.done.record(job.stream)
            drawn = self.draw(first + step + 1)
            step += 1
            if self.gpu and step % 8 == 0:
                for job in self.jobs:
                    job.done.synchronize()
            if step in (1, 50) and self.gpu:
                torch.cuda.synchronize()
                self.say(note="begun", step=step, gib=round(torch.cuda.max_memory_allocated() / 2 ** 30, 1))
            if step % args.check == 0:
                self.measure(first + step, past)
        if self.gpu:
            torch.cuda.synchronize()
        self.say(note="trained", step=step, seconds=round(time.time() - warm, 1))
        self.measure(first + step, time.time() - warm)
