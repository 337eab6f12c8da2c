"""Mean and standard deviation of ImageNet, for pixels of 0 to 255: what VGG16 and DINOv2 were trained with."""

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)
