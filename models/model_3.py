"""Model 3: a neural network in PyTorch. What did a digit look like before it was smudged?

Real data: 1797 handwritten digits of 8 × 8 pixels (bundled with scikit-learn). A small network learns to
remove noise that is drawn anew every epoch, so it cannot learn the images by heart. Trained by AdamW with a
cosine schedule and clipped gradients; rmse is in grey levels (0 to 16).
"""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

from trainer_tui import TrainingRun

EPOCHS = 2000
BATCH = 32
LEARNING_RATE = 1e-3
NOISE = 4.0  # grey levels
LEVELS = 16.0


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 256), nn.SiLU(), nn.Linear(256, 256), nn.SiLU(), nn.Linear(256, 64))


def smudge(images: torch.Tensor) -> torch.Tensor:
    return images + torch.randn_like(images) * (NOISE / LEVELS)


def train_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: torch.Tensor
) -> tuple[float, float]:
    """One pass over the images in random order; mean loss and mean gradient norm before clipping."""
    losses, norms = [], []
    for rows in torch.randperm(len(images)).split(BATCH):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(smudge(images[rows])), images[rows])
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0).item())
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses), sum(norms) / len(norms)


def rmse(images: torch.Tensor, originals: torch.Tensor) -> float:
    return LEVELS * nn.functional.mse_loss(images, originals).item() ** 0.5


def main() -> None:
    torch.set_num_threads(1)  # more threads only slow down batches this small
    with TrainingRun.current() as run:
        torch.manual_seed(run.seed)
        images, digits = load_digits(return_X_y=True)
        images, digits = run.subset(images, digits, stratify=digits)
        parts = train_test_split(images, digits, test_size=0.25, stratify=digits, random_state=run.seed)
        train, val = (torch.tensor(part / LEVELS, dtype=torch.float32) for part in parts[:2])
        digits_val = torch.tensor(parts[3])
        smudged_val = smudge(val)  # the same for every epoch, so that they can be compared

        model = network()
        optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=0.05)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, run.iterations(EPOCHS))
        for epoch in run.epochs(EPOCHS):
            train_loss, grad_norm = train_epoch(model, optimizer, train)
            schedule.step()
            with torch.no_grad():
                cleaned = model(smudged_val)
            val_loss, val_rmse = nn.functional.mse_loss(cleaned, val).item(), rmse(cleaned, val)
            run.log(epoch=epoch, train_loss=train_loss, val_loss=val_loss, rmse=val_rmse, grad_norm=grad_norm)
            print(f"epoch {epoch}  train {train_loss:.4f}  val {val_loss:.4f}  rmse {val_rmse:.2f}")
            if epoch % 500 == 0:
                run.checkpoint(model, f"epoch-{epoch}.pt")

        rows = []
        for digit in range(10):
            these = digits_val == digit
            before, after = rmse(smudged_val[these], val[these]), rmse(cleaned[these], val[these])
            rows.append({"digit": digit, "rmse_before": before, "rmse_after": after})
        run.save_results(rows)
        run.save_model(model)


if __name__ == "__main__":
    main()
