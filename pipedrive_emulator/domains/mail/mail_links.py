"""Links between mail messages and records.

Messages are part of the seed: no request adds one. The persons and organizations of a message are stored in
`mail_links`; deals and leads are linked by the thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipedrive_emulator.account.store import TableSpec, define_table

if TYPE_CHECKING:
    from pipedrive_emulator.account.account import Account
    from pipedrive_emulator.api.http import Row

define_table(TableSpec(name="mail_threads", label="Mail thread", times="millis", deleted=("deleted_flag", 1)))
define_table(
    TableSpec(name="mail_messages", label="Mail message", times="millis", deleted=("deleted_flag", 1))
)
define_table(TableSpec(name="mail_links", label="Mail link", created="", updated=""))


def messages_of(account: Account, table: str, key: int) -> list[Row]:
    """Return the live messages on a deal, a person or an organization, newest first."""
    messages, threads, links = (account.table(n) for n in ("mail_messages", "mail_threads", "mail_links"))
    if table == "deals":
        found = set().union(
            *(messages.where("mail_thread_id", thread) for thread in threads.where("deal_id", key))
        )
    else:
        column = {"persons": "person_id", "organizations": "org_id"}[table]
        found = {links.row(seq)["message_id"] for seq in links.where(column, key)}
    rows = [messages.row(seq) for seq in found]
    live = [
        row for row in rows if messages.is_live(row) and account.find("mail_threads", row["mail_thread_id"])
    ]
    return sorted(live, key=lambda row: (row["message_time"], row["id"]), reverse=True)


def mail_facts(account: Account, table: str, key: int) -> Row:
    """Return the number of a record's messages, and the times of the last received and sent one."""
    rows = messages_of(account, table, key)
    times = {
        sent: [f"{row['message_time'][:19]}Z" for row in rows if row["sent_flag"] == sent] for sent in (0, 1)
    }
    return {
        "email_messages_count": len(rows),
        "last_incoming_mail_time": times[0][0] if times[0] else None,
        "last_outgoing_mail_time": times[1][0] if times[1] else None,
    }
