"""The crm service on one page."""

from pathlib import Path

from libs.common.messaging.subscription import in_batches, on
from libs.common.runtime.service import Service
from libs.contracts.catalog import ProductAssigned
from libs.contracts.identity import (
    MemberAdded,
    MemberChanged,
    MemberRemoved,
    ProvisioningRequested,
    RegistrationResubmitted,
    RegistrationSubmitted,
    TenantActivated,
)
from services.crm.automation.figures import measure_runs
from services.crm.automation.handlers import on_events
from services.crm.automation.hearing import CLASSES
from services.crm.automation.jobs import JOBS
from services.crm.automation.router import router as automation
from services.crm.chat.router import router as chat
from services.crm.companies.router import router as companies
from services.crm.contacts.router import router as contacts
from services.crm.db import MODELS, metadata
from services.crm.deal_lines.router import router as deal_lines
from services.crm.deals.router import router as deals
from services.crm.dropdowns.router import router as dropdowns
from services.crm.invariants import INVARIANTS
from services.crm.leads.router import router as leads
from services.crm.memos.router import router as memos
from services.crm.people.handlers import on_member, on_member_removed
from services.crm.pipelines.handlers import on_provisioning_requested, on_tenant_activated
from services.crm.pipelines.router import router as pipelines
from services.crm.privacy import PRIVACY
from services.crm.projects.router import router as projects
from services.crm.registrations.handlers import (
    on_product_assigned,
    on_registration_resubmitted,
    on_registration_submitted,
)
from services.crm.requests.router import router as requests
from services.crm.seed import seed
from services.crm.settings import CrmSettings
from services.crm.stages.router import router as stages
from services.crm.tasks.router import router as tasks

SERVICE = Service(
    name="crm",
    description="Customer relations: companies, contacts, leads, deals, requests, tasks, projects, memos, chat, rules.",
    settings=CrmSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        companies,
        contacts,
        leads,
        requests,
        pipelines,
        stages,
        deals,
        deal_lines,
        tasks,
        projects,
        memos,
        chat,
        automation,
        dropdowns,
    ),
    subscriptions=(
        on(RegistrationSubmitted, "crm.open_registration_deal", on_registration_submitted),
        on(RegistrationResubmitted, "crm.correct_registration_company", on_registration_resubmitted),
        on(ProductAssigned, "crm.price_registration_deal", on_product_assigned),
        on(TenantActivated, "crm.make_default_pipeline", on_tenant_activated),
        on(ProvisioningRequested, "crm.provision_pipeline", on_provisioning_requested),
        on((MemberAdded, MemberChanged), "crm.remember_member", on_member),
        on(MemberRemoved, "crm.forget_member", on_member_removed),
        in_batches(CLASSES, "crm.start_rules", on_events, spacing=0.5, is_new=True),
    ),
    jobs=JOBS,
    permissions={
        "crm.companies.read": "See companies",
        "crm.companies.write": "Add, change and remove companies",
        "crm.contacts.read": "See contacts",
        "crm.contacts.write": "Add, change and remove contacts",
        "crm.leads.read": "See leads",
        "crm.leads.write": "Add, change and remove leads",
        "crm.leads.convert": "Turn leads into deals",
        "crm.requests.read": "See commercial requests",
        "crm.requests.write": "Add, change and remove commercial requests",
        "crm.pipelines.read": "See pipelines",
        "crm.pipelines.write": "Add, change and remove pipelines",
        "crm.stages.read": "See stages",
        "crm.stages.write": "Add, change and remove stages",
        "crm.deals.read": "See deals, their lines and their history",
        "crm.deals.write": "Add, change, move and remove deals and their lines",
        "crm.deals.close": "Win, lose and reopen deals",
        "crm.tasks.read": "See tasks",
        "crm.tasks.write": "Add, change, complete and remove tasks",
        "crm.projects.read": "See projects",
        "crm.projects.write": "Add, change and remove projects",
        "crm.memos.read": "See office memos",
        "crm.memos.write": "Write office memos",
        "crm.chat.read": "See messages",
        "crm.chat.write": "Write messages",
        "crm.automation.read": "See rules, their versions and their runs",
        "crm.automation.write": "Add, change, enable, disable and remove rules; each takes what it does as well",
        "crm.automation.run": "Run rules by hand, and try what they would do",
    },
    invariants=INVARIANTS,
    measures=(measure_runs,),
    seed=seed,
    privacy=PRIVACY,
)
