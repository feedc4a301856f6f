# Gets credentials as any program with the AWS SDK does, asks who it is, and prints both.
#   ruby caller.rb STS-URL
require "aws-sdk-core"
require "json"

sts = Aws::STS::Client.new(region: "eu-west-1", endpoint: ARGV[0])
answer = sts.get_caller_identity
puts JSON.generate(arn: answer.arn, accessKeyId: sts.config.credentials.credentials.access_key_id)
