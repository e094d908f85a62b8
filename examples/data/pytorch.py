"""The PyTorch half of examples/pytorch.rs.

    pip install torch==2.15.0 numpy==2.4.6 safetensors==0.8.0
    python examples/data/pytorch.py                # trains both networks, and writes them into this folder
    python examples/data/pytorch.py check FOLDER   # loads what chainrule wrote into FOLDER, and compares the outputs

These versions wrote the committed files, on the CPU, with Python 3.11.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

HERE = pathlib.Path(__file__).parent
SHOWN = 100  # the number of test digits whose outputs are compared


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(torch.tanh(self.hidden(x.flatten(1)))).softmax(1)


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.PReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, bias=False), nn.ReLU()
        )
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        return self.head(self.features(x).flatten(1)).softmax(1)


NETWORKS = {"mlp": Mlp, "conv": Conv}


def digits(part):
    table = np.loadtxt(HERE / f"optdigits-{part}.csv", delimiter=",")
    return torch.tensor(table[:, :64] / 16, dtype=torch.float32).reshape(-1, 1, 8, 8), torch.tensor(table[:, 64]).long()


def train(net):
    images, labels = digits("train")
    adam = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(5):
        for batch in torch.randperm(len(images)).split(64):
            loss = nn.functional.nll_loss(net(images[batch]).clamp_min(1e-7).log(), labels[batch])
            adam.zero_grad()
            loss.backward()
            adam.step()
    return net.eval()


def exact(net, images):
    """Returns the outputs in float64, so that the comparison shows chainrule's rounding only."""
    with torch.no_grad():
        return net.double()(images.double())


def make():
    torch.manual_seed(0)
    images, labels = digits("test")
    outputs = {}
    for name, network in NETWORKS.items():
        net = train(network())
        save_file(net.state_dict(), HERE / f"pytorch-{name}.safetensors")
        probabilities = exact(net, images)
        outputs[name] = [[float(f"{p:.9g}") for p in row] for row in probabilities[:SHOWN].tolist()]
        print(f"{name}: {100 * (probabilities.argmax(1) == labels).double().mean():.2f} % of the test digits")
    (HERE / "pytorch.json").write_text(json.dumps(outputs) + "\n")


def check(folder):
    images, _ = digits("test")
    outputs = json.loads((folder / "outputs.json").read_text())
    for name, network in NETWORKS.items():
        net = network()
        net.load_state_dict(load_file(folder / f"{name}.safetensors"))  # strict: no key may be missing or left over
        worst = (exact(net.eval(), images[:SHOWN]) - torch.tensor(outputs[name])).abs().max().item()
        print(f"{name}: {SHOWN} outputs, the worst off by {worst:.1e}")
        if not worst <= 1e-6:
            sys.exit(f"{name}: more than 1e-6 from what chainrule wrote")


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            make()
        case ["check", folder]:
            check(pathlib.Path(folder))
        case _:
            sys.exit(__doc__)
