// SPDX-License-Identifier: MIT
package io.pghello.examples.spring;

import io.pghello.PgHelloOperations;
import java.util.ArrayList;
import java.util.List;
import org.springframework.stereotype.Service;

/** The application's service. The starter creates the injected client. */
@Service
class GreetingService {
  private final PgHelloOperations client;

  GreetingService(PgHelloOperations client) {
    this.client = client;
  }

  String greeting(String name) {
    return client.hello(name);
  }

  /** Greets all names in one statement. */
  List<Greeting> bulkGreetings(List<String> names) {
    List<String> greetings = client.helloAll(names);
    var answer = new ArrayList<Greeting>();
    for (int i = 0; i < names.size(); i++) {
      answer.add(new Greeting(names.get(i), greetings.get(i)));
    }
    return answer;
  }

  long currentTimestamp() {
    return client.nowMillis();
  }

  /** A name and its greeting. */
  record Greeting(String name, String greeting) {}
}
