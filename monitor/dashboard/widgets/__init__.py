"""The pieces of the screen: pure functions that draw a Snapshot as rows of text, and the widget that shows them."""
