"""Old rows leave in small steps: no long lock, no burst of work, and the next round goes on.

The audit trail is not among them: its entries are sealed in one chain and stay for good.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, models

STEP = 2_000  # rows in one statement
MOST = 200_000  # rows in one round

# Ids rise with time: a step looks at the oldest messages that a round has not seen yet, and the
# round ends at the first step that reaches young ones.
MESSAGES = """
WITH step AS MATERIALIZED (
    SELECT id, workspace_id, seq, created_at, delivered_at
    FROM core_outboxmessage WHERE id > %(after)s ORDER BY id LIMIT %(step)s
),
gone AS (
    DELETE FROM core_outboxmessage AS message USING step
    WHERE message.id = step.id AND step.created_at < %(before)s
      AND step.delivered_at IS NOT NULL AND step.seq IS NOT NULL
      AND EXISTS (SELECT 1 FROM core_outboxmessage AS later
                  WHERE later.workspace_id = step.workspace_id AND later.seq > step.seq)
    RETURNING 1
)
SELECT (SELECT max(id) FROM step WHERE created_at < %(before)s), (SELECT count(*) FROM gone)
"""


def messages_delete(*, before: datetime, step: int = STEP, most: int = MOST) -> int:
    """Delete delivered events stored before an instant; how many went.

    What is undelivered stays (a dead letter waits for a person), and so does each workspace's
    newest event: its log counts on from there.
    """
    gone, after = 0, 0
    while gone < most:
        with connection.cursor() as cursor:
            cursor.execute(MESSAGES, {"after": after, "step": step, "before": before})
            reached, deleted = cursor.fetchone()
        gone += deleted
        if reached is None:
            break
        after = reached
    return gone


def old_delete(
    rows: models.QuerySet[Any],
    *,
    column: str,
    before: datetime,
    step: int = STEP,
    most: int = MOST,
) -> int:
    """Delete rows whose `column` lies before an instant, by rising id; how many went."""
    gone = 0
    while gone < most:
        oldest = rows.filter(**{f"{column}__lt": before}).order_by("pk")[:step]
        deleted = rows.filter(pk__in=list(oldest.values_list("pk", flat=True))).delete()[0]
        gone += deleted
        if deleted < step:
            break
    return gone
