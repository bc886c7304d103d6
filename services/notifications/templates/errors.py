"""The problems of templates."""

from libs.common.errors import ValidationFailed


class TemplateInvalid(ValidationFailed):
    """The template has a mistake, or uses something that templates may not; `detail` names line and reason."""

    slug = "template-invalid"
    title = "The template is not valid"
