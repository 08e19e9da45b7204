"""The table as a picture: whole calls per second; answers per second, and the slowest of a hundred."""
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def bars(axis, rows, column, title):
    numbers = sorted({row["connections"] for row in rows})
    names = list(dict.fromkeys(row["subject"] for row in rows))
    for place, number in enumerate(numbers):
        mine = {row["subject"]: row[column] for row in rows if row["connections"] == number}
        height = 0.8 / len(numbers)
        drawn = axis.barh([index + place * height for index in range(len(names))],
                          [mine.get(name, 0) for name in names], height,
                          label=f"{number} connections")
        axis.bar_label(drawn, [f"{bar:,.0f}" if bar >= 100 else f"{bar:.3g}"
                               for bar in drawn.datavalues], fontsize=7, padding=2)
    axis.set_yticks([index + 0.4 - 0.4 / len(numbers) for index in range(len(names))], names)
    axis.invert_yaxis()
    axis.set_title(title)
    axis.margins(x=0.15)
    axis.legend(fontsize=7)


def draw(rows, path):
    kept = [row for row in rows if row["reuse"] == "keep"]
    calls = [row for row in kept if row["load"] == "calls"]
    answers = [row for row in kept if row["load"] == "answer"]
    charts = [chart for chart in ((calls, "calls_per_second", "whole calls per second"),
                                  (answers, "calls_per_second", "answers per second"),
                                  (answers, "p99_ms", "answers: p99, milliseconds (log)"))
              if chart[0]]
    figure, axes = pyplot.subplots(1, len(charts), figsize=(6.5 * len(charts), 6), squeeze=False)
    for axis, (rows_of_it, column, title) in zip(axes[0], charts):
        bars(axis, rows_of_it, column, title)
        if column == "p99_ms":
            axis.set_xscale("log")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    print(f"written: {path}")
