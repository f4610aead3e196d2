#pragma once

// Signed requests by hand, of any service: what a benchmark asks of a plane.

#include "client/profile.h"
#include "io/aws_client.h"

namespace fumidai::bench {

struct Question {
  std::string name, service;
  wire::HttpHeaders headers;
  std::string body;
};

// `parameters` as in a body of AWS Query, each with its '&' before it.
Question ec2(std::string action, std::string const& parameters = "");
Question iam(std::string action, std::string const& parameters = "");
Question ssm(std::string const& action, std::string body);

// One kept connection and who speaks on it.
class Caller {
 public:
  Caller(client::Profile const& profile, wire::Credentials credentials);

  // Its answer's body; ends the benchmark where it is refused.
  awaitable<std::string> ask(Question question);
  // Asks until the answer has that text; ends the benchmark after a minute.
  awaitable<void> wait_for(Question question, std::string text);

 private:
  io::HttpClient http_;
  io::Signer sign_;
};

}  // namespace fumidai::bench
