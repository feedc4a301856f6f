// As v3.mjs, with version 2 of the AWS SDK for JavaScript.
//   node v2.js STS-URL
const AWS = require("aws-sdk");

const sts = new AWS.STS({ region: "eu-west-1", endpoint: process.argv[2] });
sts.getCallerIdentity((error, answer) => {
  if (error) throw error;
  const { accessKeyId, expireTime } = sts.config.credentials;
  console.log(JSON.stringify({ arn: answer.Arn, accessKeyId, expiration: expireTime }));
});
