"""The colours. The seven postures take theirs from a set that colour-blind eyes tell apart."""

from textual.theme import Theme

NIGHT = Theme(
    name="sitwell",
    primary="#4FB3A5",
    secondary="#56B4E9",
    accent="#4FB3A5",
    foreground="#DCE3E8",
    background="#12171C",
    surface="#161C22",
    panel="#212A32",
    success="#4FB3A5",
    warning="#E9B44C",
    error="#E8683A",
    dark=True,
    variables={
        "footer-background": "#212A32",
        "footer-key-foreground": "#E9B44C",
        "footer-description-foreground": "#AEBBC4",
    },
)
