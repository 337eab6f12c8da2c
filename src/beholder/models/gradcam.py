"""Grad-CAM at any layer, for any task (Selvaraju et al. 2017, Section 3, equations 1 and 2).

Two steps of the paper are left out. Its final ReLU keeps only evidence for a class; evidence against a
high rating matters as well, so maps keep their sign. Maps are not scaled to 0 to 1: they are in units of the target.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from beholder.errors import BeholderError

Target = Callable[[Any], Tensor]  # output of the network, mostly (B, T) -> (B,), the numbers to explain


def task_target(index: int) -> Target:
    """One output as a target. pytorch-grad-cam, which hands over a row (T,) at a time, takes it as well."""

    def target(outputs: Tensor) -> Tensor:
        return outputs[..., index]

    return target


def layer_names(network: nn.Module) -> list[str]:
    """Names of the convolutions, in the order of their definition."""
    return [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]


def grad_cam(
    network: nn.Module, pixels: Tensor, target: Target, layer: str | nn.Module, baseline: Tensor | None = None
) -> Tensor:
    """What each place of a layer adds to the target, to first order: (B, rows, columns), signed, in the target's units.

    A channel weighs its gradient's mean over places (eq. 1); a place counts the weighted sum of what its channels hold
    (eq. 2). The map sums to the derivative along the channels' means, which is the whole score, but for biases, where
    the layer feeds average pooling and a linear output.

    The network runs in evaluation mode, and its mode is restored. Frozen parameters and a surrounding ``no_grad`` or
    ``inference_mode`` do no harm.

    Args:
        network: in evaluation mode, the outputs for a photograph must not depend on the others in the batch.
        pixels: (B, ...) as the network takes them.
        target: output of the network -> (B,); `task_target` for one of its outputs.
        layer: name, such as ``backbone.features.21``, or module, with an output (B, C, rows, columns). A convolution's
            output is what precedes its ReLU; the paper's maps are of what follows it (``backbone.features.22``).
        baseline: (C,) channel means over typical photographs, so that a place counts against the average place.

    Raises:
        BeholderError: no such layer, it gives no map, it does not run exactly once, or shapes do not fit.
    """
    module = _find(network, layer)
    named = repr(layer) if isinstance(layer, str) else type(layer).__name__
    with torch.inference_mode(False), torch.enable_grad(), _evaluating(network), _cut(module, named) as leaves:
        values = target(network(pixels.clone()))  # a clone, for a tensor made in inference mode cannot have gradients
        if len(leaves) != 1:
            raise BeholderError(
                f"layer {named} ran {len(leaves)} times in one pass, Grad-CAM needs one that runs once; "
                f"convolutions are {', '.join(layer_names(network))}"
            )
        if values.shape != pixels.shape[:1]:
            raise BeholderError(
                f"the target gave shape {tuple(values.shape)} for {len(pixels)} photographs, not one number each"
            )
        (gradient,) = torch.autograd.grad(values.sum(), leaves, materialize_grads=True)
    activations = leaves[0].detach()
    if baseline is not None:
        if baseline.shape != activations.shape[1:2]:
            raise BeholderError(
                f"the baseline has shape {tuple(baseline.shape)}, layer {named} {activations.shape[1]} channels"
            )
        activations = activations - baseline.detach()[:, None, None]
    return torch.einsum("bc,bcij->bij", gradient.mean(dim=(2, 3)), activations)


def _find(network: nn.Module, layer: str | nn.Module) -> nn.Module:
    if isinstance(layer, nn.Module):
        return layer
    modules = dict(network.named_modules())
    if layer not in modules:
        raise BeholderError(f"the network has no layer {layer!r}; convolutions are {', '.join(layer_names(network))}")
    return modules[layer]


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


@contextmanager
def _cut(module: nn.Module, named: str) -> Iterator[list[Tensor]]:
    """Detach the outputs of a module, as nothing before it needs gradients; yields the list of these outputs."""
    leaves: list[Tensor] = []

    def cut(_module: nn.Module, _inputs: Any, output: Any) -> Tensor:
        if not isinstance(output, Tensor) or output.ndim != 4:
            shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise BeholderError(f"layer {named} gives {shape}, not a map (B, channels, rows, columns)")
        leaves.append(output.detach().requires_grad_())
        return leaves[-1].clone()  # what follows may work in place

    handle = module.register_forward_hook(cut)
    try:
        yield leaves
    finally:
        handle.remove()
