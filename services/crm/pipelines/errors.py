"""The problems of pipelines."""

from libs.common.errors import Conflict


class PipelineInUse(Conflict):
    """The pipeline has deals, or is the default one; move the deals, or make another one the default, first."""

    slug = "pipeline-in-use"
    title = "The pipeline is in use"
