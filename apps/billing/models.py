"""The ladder, and which rung a workspace stands on."""

from __future__ import annotations

from django.db import models


class Plan(models.Model):
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=40)
    price = models.DecimalField(max_digits=38, decimal_places=18)  # per month, EUR
    rank = models.PositiveSmallIntegerField()
    limits = models.JSONField()


class Subscription(models.Model):
    """One per workspace; none means the lowest rung."""

    workspace = models.OneToOneField("accounts.Workspace", on_delete=models.CASCADE)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT)
    since = models.DateTimeField()
