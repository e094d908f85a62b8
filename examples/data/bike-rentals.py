"""Writes examples/data/bike-rentals.csv from Bikeshare.csv of the Python package ISLP: every hour of 2011."""
import csv
import sys

rows = {(int(row["day"]), int(row["hr"])): row for row in csv.DictReader(open(sys.argv[1]))}
working = {day: row["workingday"] for (day, _), row in rows.items()}
print("day,hour,workingday,temperature,bikers")
for day in range(1, 366):
    for hour in range(24):
        row = rows.get((day, hour))
        temperature = float(row["temp"]) if row else temperature
        print(day, hour, working[day], f"{temperature:g}", row["bikers"] if row else 0, sep=",")
