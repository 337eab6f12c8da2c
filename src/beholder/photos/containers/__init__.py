"""File formats that need more than a decoder: what their headers say of size, colours, orientation and damage."""
