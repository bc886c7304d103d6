"""Companies, contacts, deals and what is about them."""

from deploy.e2e.isolation.acting import Acting


class Sales(Acting):
    """A part of `Business`."""

    async def _crm(self) -> None:
        ids = self.ids
        colleague = ids["user_id"]
        company = await self.make(
            "/companies", {"name": "Supplier", "industry": "Food", "owner_id": colleague}
        )
        contact = await self.make(
            "/contacts",
            {"first_name": "Zola", "email": f"{self.unique()}@example.com", "company_id": company["id"]},
        )
        lead = await self.make("/leads", {"name": "A lead", "source": "fair", "owner_id": colleague})
        pipeline = await self.make(
            "/pipelines", {"name": self.unique(), "stages": [{"name": "Talk"}, {"name": "Ask"}]}
        )
        stage = await self.make("/stages", {"name": self.unique(), "pipeline_id": pipeline["id"]})
        line = {"sku": self.unique(), "name": "Beans", "unit_price": {"amount": 4200, "currency": "ZAR"}}
        deal = await self.make(
            "/deals",
            {
                "name": "A deal",
                "description": "Long",
                "lines": [line],
                "company_id": company["id"],
                "contact_id": contact["id"],
                "owner_id": colleague,
                "pipeline_id": pipeline["id"],
                "stage_id": pipeline["stages"][0]["id"] if pipeline.get("stages") else stage["id"],
            },
        )
        await self.make(f"/deals/{deal['id']}/move", {"stage_id": stage["id"]}, 200)
        lines = await self.make(f"/deals/{deal['id']}/lines", {**line, "sku": self.unique()})
        task = await self.make(f"/deals/{deal['id']}/tasks", {"name": "Call", "assignee_id": colleague})
        await self.make("/tasks", {"name": "Ring", "assignee_id": ids["owner_id"]}, who=self.colleague)
        request = await self.make(
            "/requests", {"name": "A request", "deal_id": deal["id"], "contact_id": contact["id"]}
        )
        project = await self.make(
            "/projects", {"name": "A project", "member_ids": [colleague], "deal_id": deal["id"]}
        )
        memo = await self.make("/memos", {"name": "A memo", "text": "Read", "recipient_ids": [colleague]})
        message = await self.make(
            "/chat",
            {"object_type": "deal", "object_id": deal["id"], "text": "Hello", "mentions": [colleague]},
        )
        await self.make(
            "/chat",
            {
                "object_type": "deal",
                "object_id": deal["id"],
                "text": "Hello back",
                "mentions": [ids["owner_id"]],
            },
            who=self.colleague,
        )
        rule = await self.make(
            "/automation/rules",
            {
                "name": "A rule",
                "enabled": True,
                "trigger": {"type": "manual", "object_type": "deal"},
                "actions": [
                    {"type": "create_task", "name": "Look at {deal.name}", "assignee_id": colleague},
                    {"type": "wait", "for": "30d"},
                ],
            },
        )
        path = f"/automation/rules/{rule['id']}"
        await self.call("PATCH", path, who=self.owner, json={"description": "Look again"})
        about = {"object_type": "deal", "object_id": deal["id"]}
        run = await self.make(f"{path}/run", about, 202)
        await self.make(f"{path}/run", about, 202)
        ids |= {
            "rule_id": rule["id"],
            "run_id": run["id"],
            "company_id": company["id"],
            "contact_id": contact["id"],
            "lead_id": lead["id"],
            "pipeline_id": pipeline["id"],
            "stage_id": stage["id"],
            "deal_id": deal["id"],
            "deal_line_id": (lines.get("lines") or [lines])[-1]["id"],
            "task_id": task["id"],
            "request_id": request["id"],
            "project_id": project["id"],
            "memo_id": memo["id"],
            "message_id": message["id"],
            "thread_id": message["thread_id"],
        }
