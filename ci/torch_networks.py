#!/usr/bin/env python3
"""PyTorch's images a second at the networks of this project: the same layers, the same step, images that come as bytes.

Prints a line of JSON. Called by ci/bench-torch.sh and ci/bench-gpu.sh. Needs PyTorch, nothing else."""

import argparse
import json
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F


def conv(inputs, outputs, size, stride=1, padding=None):
    return nn.Conv2d(inputs, outputs, size, stride, size // 2 if padding is None else padding)


class Cifar10Quick(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.layers = nn.Sequential(
            conv(3, 32, 5), nn.MaxPool2d(3, 2, ceil_mode=True), nn.ReLU(),
            conv(32, 32, 5), nn.ReLU(), nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False),
            conv(32, 64, 5), nn.ReLU(), nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False),
            nn.Flatten(), nn.Linear(1024, 64), nn.Linear(64, classes),
        )

    def forward(self, x):
        return self.layers(x), []


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.more = outputs - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.more:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.more))
        return F.relu(x + y)


class ResNet20(nn.Module):
    def __init__(self, classes):
        super().__init__()
        blocks, inputs = [], 16
        for group, channels in enumerate([16, 32, 64]):
            for block in range(3):
                blocks.append(Block(inputs, channels, 2 if group and not block else 1))
                inputs = channels
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = self.blocks(self.stem(x))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)), []


class LocalResponse(nn.Module):
    """Sums over neighbouring channels as a 1 x 1 convolution: faster than nn.LocalResponseNorm, and what the project does."""

    def __init__(self, channels):
        super().__init__()
        index = torch.arange(channels)
        near = (index[:, None] - index[None, :]).abs() <= 2
        self.register_buffer("near", near.float().view(channels, channels, 1, 1))

    def forward(self, x):
        return x * (F.conv2d(x * x, self.near) * (1e-4 / 5) + 1.0).pow(-0.75)


class Inception(nn.Module):
    def __init__(self, inputs, one, reduce3, three, reduce5, five, pool):
        super().__init__()
        self.paths = nn.ModuleList([
            nn.Sequential(conv(inputs, one, 1), nn.ReLU()),
            nn.Sequential(conv(inputs, reduce3, 1), nn.ReLU(), conv(reduce3, three, 3), nn.ReLU()),
            nn.Sequential(conv(inputs, reduce5, 1), nn.ReLU(), conv(reduce5, five, 5), nn.ReLU()),
            nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), conv(inputs, pool, 1), nn.ReLU()),
        ])

    def forward(self, x):
        return torch.cat([path(x) for path in self.paths], 1)


def auxiliary(inputs, classes):
    return nn.Sequential(
        nn.AvgPool2d(5, 3, ceil_mode=True, count_include_pad=False), conv(inputs, 128, 1), nn.ReLU(),
        nn.Flatten(), nn.Linear(2048, 1024), nn.ReLU(), nn.Dropout(0.7), nn.Linear(1024, classes),
    )


class GoogLeNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
        self.stem = nn.Sequential(
            conv(3, 64, 7, 2), nn.ReLU(), pool(), LocalResponse(64),
            conv(64, 64, 1), nn.ReLU(), conv(64, 192, 3), nn.ReLU(), LocalResponse(192), pool(),
        )
        self.until_4a = nn.Sequential(
            Inception(192, 64, 96, 128, 16, 32, 32), Inception(256, 128, 128, 192, 32, 96, 64), pool(),
            Inception(480, 192, 96, 208, 16, 48, 64),
        )
        self.until_4d = nn.Sequential(
            Inception(512, 160, 112, 224, 24, 64, 64), Inception(512, 128, 128, 256, 24, 64, 64),
            Inception(512, 112, 144, 288, 32, 64, 64),
        )
        self.rest = nn.Sequential(
            Inception(528, 256, 160, 320, 32, 128, 128), pool(),
            Inception(832, 256, 160, 320, 32, 128, 128), Inception(832, 384, 192, 384, 48, 128, 128),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, classes),
        )
        self.head_4a, self.head_4d = auxiliary(512, classes), auxiliary(528, classes)

    def forward(self, x):
        x = self.until_4a(self.stem(x))
        side = [self.head_4a(x)]
        x = self.until_4d(x)
        side.append(self.head_4d(x))
        return self.rest(x), side


NETWORKS = {"cifar10-quick": (Cifar10Quick, 32, 10), "resnet-20": (ResNet20, 32, 10), "googlenet": (GoogLeNet, 224, 1000)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=NETWORKS, default="cifar10-quick")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=10)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--channels-last", choices=["yes", "no"], default="yes")
    parser.add_argument("--tf32", choices=["yes", "no", "both"], default="yes", help="convolutions; yes is PyTorch's default")
    options = parser.parse_args()
    torch.set_num_threads(1)
    on_gpu = options.device != "cpu"
    torch.backends.cudnn.benchmark = on_gpu
    kind, side, classes = NETWORKS[options.network]
    layout = torch.channels_last if options.channels_last == "yes" else torch.contiguous_format
    model = kind(classes).to(options.device).to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9, weight_decay=0.0005)
    images = torch.randint(0, 256, (256, 3, side, side), dtype=torch.uint8)
    labels = torch.randint(0, classes, (256,))
    if on_gpu:
        images, labels = images.pin_memory(), labels.pin_memory()

    def step(number):
        at = number * options.batch % max(1, 256 - options.batch + 1)
        x = images[at : at + options.batch].to(options.device, non_blocking=True)
        y = labels[at : at + options.batch].to(options.device, non_blocking=True)
        x = x.to(memory_format=layout).float() * (1 / 64) - 127.5 / 64
        scores, heads = model(x)
        loss = F.cross_entropy(scores, y)
        for head in heads:
            loss = loss + 0.3 * F.cross_entropy(head, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    def now():
        if on_gpu:
            torch.cuda.synchronize()
        used = resource.getrusage(resource.RUSAGE_SELF)
        return time.perf_counter(), used.ru_utime + used.ru_stime

    for tf32 in [True, False] if options.tf32 == "both" else [options.tf32 == "yes"]:
        torch.backends.cudnn.allow_tf32 = tf32
        for number in range(options.warm_up):
            step(number)
        began = now()
        for number in range(options.steps):
            step(number)
        over = now()
        trained = options.steps * options.batch
        memory = None
        if on_gpu:
            free, total = torch.cuda.mem_get_info()
            memory = [total - free, total]
        print(json.dumps({
            "network": options.network,
            "device": torch.cuda.get_device_name() if on_gpu else "cpu",
            "torch": torch.__version__,
            "batch": options.batch,
            "tf32": tf32,
            "parameters": sum(p.numel() for p in model.parameters()),
            "images_per_second": round(trained / (over[0] - began[0]), 2),
            "images_per_cpu_second": round(trained / (over[1] - began[1]), 2),
            "device_memory_bytes": memory,
        }), flush=True)


if __name__ == "__main__":
    main()
