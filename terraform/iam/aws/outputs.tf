output "config" {
  description = "Values for the provider section of the config."
  value = {
    iamProfileControlPlane = aws_iam_instance_profile.node["control-plane"].name
    iamProfileWorkerNodes  = aws_iam_instance_profile.node["worker"].name
  }
}
