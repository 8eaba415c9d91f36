"""
Decks are an attempt's report in HTML; checkpoints are what it leaves for the next attempt.

    plait run examples/decks_and_checkpoints.py wf
"""

from plait import Deck, DeckField, current_context, task, workflow


@task(retries=2, enable_deck=True, deck_fields=[DeckField.INPUT, DeckField.OUTPUT])
def train(epochs: int) -> list[float]:
    """Go on where the attempt before stopped. This one stops half-way, once."""
    context = current_context()
    saved = context.checkpoint.read()
    losses = [float(loss) for loss in saved.decode().split()] if saved else []
    for epoch in range(len(losses), epochs):
        losses.append(1 / (epoch + 1))
        context.checkpoint.write(" ".join(map(str, losses)).encode())
        if context.attempt == 0 and epoch == epochs // 2:
            raise RuntimeError("the machine was needed elsewhere")
    Deck("loss", "".join(f"<p>epoch {epoch}: {loss:.2f}</p>" for epoch, loss in enumerate(losses)))
    return losses


@workflow
def wf(epochs: int = 4) -> list[float]:
    """Train something."""
    return train(epochs=epochs)
