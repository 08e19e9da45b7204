"""The table as a picture: calls per second, and the slowest of a hundred."""
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def draw(rows, path):
    chosen = [row for row in rows if row["reuse"] == "keep"]
    numbers = sorted({row["connections"] for row in chosen})
    names = list(dict.fromkeys(row["subject"] for row in chosen))
    figure, axes = pyplot.subplots(1, 2, figsize=(13, 0.5 * len(names) * len(numbers) / 2 + 2))
    for axis, column, title in ((axes[0], "calls_per_second", "calls per second"),
                                (axes[1], "p99_ms", "p99, milliseconds (log)")):
        for place, number in enumerate(numbers):
            mine = {row["subject"]: row[column] for row in chosen if row["connections"] == number}
            height = 0.8 / len(numbers)
            bars = axis.barh([index + place * height for index in range(len(names))],
                             [mine.get(name, 0) for name in names], height,
                             label=f"{number} connections")
            axis.bar_label(bars, [f"{bar:,.0f}" if bar >= 100 else f"{bar:.3g}"
                                  for bar in bars.datavalues], fontsize=7, padding=2)
        axis.set_yticks([index + 0.4 - 0.4 / len(numbers) for index in range(len(names))], names)
        axis.invert_yaxis()
        axis.set_title(title)
        axis.margins(x=0.15)
    axes[1].set_xscale("log")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    print(f"written: {path}")
