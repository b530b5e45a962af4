// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql;

import io.pghello.examples.service.greeting.Greetings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.springframework.graphql.execution.BatchLoaderRegistry;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Loads all greetings of a query together, with one statement per repeat count. */
@Component
class GreetingLoader {
  private final Greetings greetings;

  GreetingLoader(BatchLoaderRegistry registry, Greetings greetings) {
    this.greetings = greetings;
    registry
        .forTypePair(GreetingKey.class, GreetingResponse.class)
        .registerMappedBatchLoader((keys, environment) -> Mono.fromCallable(() -> load(keys)));
  }

  /** A name to greet, and the number of greetings. */
  record GreetingKey(String name, int repeat) {}

  /**
   * A greeting, as defined in the schema of the integration guide.
   *
   * @param timestamp the time in milliseconds, from the clock of the service
   */
  record GreetingResponse(String name, String greeting, String timestamp) {}

  private Map<GreetingKey, GreetingResponse> load(Set<GreetingKey> keys) {
    var namesByRepeat = new TreeMap<Integer, List<String>>();
    for (GreetingKey key : keys) {
      namesByRepeat.computeIfAbsent(key.repeat(), repeat -> new ArrayList<>()).add(key.name());
    }
    var responses = new HashMap<GreetingKey, GreetingResponse>();
    namesByRepeat.forEach(
        (repeat, names) ->
            greetings
                .greetAll(names, repeat)
                .forEach(
                    answer ->
                        responses.put(
                            new GreetingKey(answer.name(), repeat),
                            new GreetingResponse(
                                answer.name(),
                                answer.greeting(),
                                Long.toString(System.currentTimeMillis())))));
    return responses;
  }
}
