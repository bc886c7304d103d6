"""The aliases that crm routers use in their signatures."""

from typing import Annotated

from fastapi import Depends

from libs.common.http.deps import provide
from services.crm.automation.running import RunService
from services.crm.automation.service import RuleService
from services.crm.chat.service import ChatService
from services.crm.companies.service import CompanyService
from services.crm.contacts.service import ContactService
from services.crm.deal_lines.service import DealLineService
from services.crm.deals.transitions import DealTransitions
from services.crm.leads.flows import LeadConversion
from services.crm.leads.service import LeadService
from services.crm.memos.service import MemoService
from services.crm.pipelines.service import PipelineService
from services.crm.projects.service import ProjectService
from services.crm.requests.service import RequestService
from services.crm.stages.service import StageService
from services.crm.tasks.service import TaskService

Chat = Annotated[ChatService, Depends(provide(ChatService), scope="function")]
Companies = Annotated[CompanyService, Depends(provide(CompanyService), scope="function")]
Contacts = Annotated[ContactService, Depends(provide(ContactService), scope="function")]
Conversion = Annotated[LeadConversion, Depends(provide(LeadConversion), scope="function")]
DealLines = Annotated[DealLineService, Depends(provide(DealLineService), scope="function")]
Deals = Annotated[DealTransitions, Depends(provide(DealTransitions), scope="function")]
Leads = Annotated[LeadService, Depends(provide(LeadService), scope="function")]
Memos = Annotated[MemoService, Depends(provide(MemoService), scope="function")]
Pipelines = Annotated[PipelineService, Depends(provide(PipelineService), scope="function")]
Projects = Annotated[ProjectService, Depends(provide(ProjectService), scope="function")]
Requests = Annotated[RequestService, Depends(provide(RequestService), scope="function")]
Rules = Annotated[RuleService, Depends(provide(RuleService), scope="function")]
Runs = Annotated[RunService, Depends(provide(RunService), scope="function")]
Stages = Annotated[StageService, Depends(provide(StageService), scope="function")]
Tasks = Annotated[TaskService, Depends(provide(TaskService), scope="function")]
