variable "name_prefix" {
  type        = string
  description = "Start of every name."
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$", var.name_prefix))
    error_message = "The prefix has 1 to 24 lower-case letters, digits and hyphens, and starts with a letter: a service account allows 30 characters in all."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Not used: identities of Google Cloud have no labels."
}

variable "cloud" {
  type        = object({ project = string, region = string })
  description = "What Google Cloud alone needs: project, and a region to talk to."
}
