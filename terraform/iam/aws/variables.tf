variable "name_prefix" {
  type        = string
  description = "Start of every name. Names of identities are unique in the whole account."
  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_+=,.@-]{0,35}$", var.name_prefix))
    error_message = "The prefix has 1 to 36 letters, digits and _+=,.@- and starts with a letter or digit."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags for every resource."
}

variable "cloud" {
  type        = object({ region = string })
  description = "What AWS alone needs: a region to talk to; identities belong to no region."
}
