// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql;

import io.pghello.examples.service.graphql.GreetingLoader.GreetingKey;
import io.pghello.examples.service.graphql.GreetingLoader.GreetingResponse;
import io.pghello.examples.service.greeting.Greetings;
import io.pghello.examples.service.greeting.Greetings.SystemInfo;
import io.pghello.examples.web.GreetedName;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.Size;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.dataloader.DataLoader;
import org.jspecify.annotations.Nullable;
import org.springframework.graphql.data.method.annotation.Argument;
import org.springframework.graphql.data.method.annotation.MutationMapping;
import org.springframework.graphql.data.method.annotation.QueryMapping;
import org.springframework.stereotype.Controller;

/**
 * The GraphQL schema of the integration guide. All greetings of a query are loaded together,
 * regardless of the fields that request them. If a type has field names that are invalid in Java,
 * its values are returned as maps.
 *
 * <p>The methods do not inspect the selected fields, because collecting these from nested fragments
 * takes exponential time.
 */
@Controller
class GraphQlController {
  private final Greetings greetings;

  GraphQlController(Greetings greetings) {
    this.greetings = greetings;
  }

  @QueryMapping
  CompletableFuture<GreetingResponse> greeting(
      @Argument @GreetedName String name,
      @Argument @Min(1) @Max(10) @Nullable Integer repeat,
      DataLoader<GreetingKey, GreetingResponse> loader) {
    return loader.load(new GreetingKey(name, repeat == null ? 1 : repeat));
  }

  @QueryMapping
  CompletableFuture<List<GreetingResponse>> bulkGreetings(
      @Argument @Size(max = Greetings.MAX_NAMES) List<@GreetedName String> names,
      DataLoader<GreetingKey, GreetingResponse> loader) {
    int repeat = greetings.configuredRepeat();
    return loader.loadMany(names.stream().map(name -> new GreetingKey(name, repeat)).toList());
  }

  @QueryMapping
  Map<String, String> timestamp() {
    return Map.of("timestamp_ms", Long.toString(greetings.databaseMillis()));
  }

  @QueryMapping
  Map<String, String> systemInfo() {
    SystemInfo info = greetings.systemInfo();
    return Map.of(
        "postgresql_version", info.postgresVersion(),
        "extension_version", info.extensionVersion());
  }

  @MutationMapping
  Map<String, String> updateGreetingConfig(@Argument @Min(1) @Max(10) int repeat) {
    return Map.of(
        "message",
        "Configuration updated successfully",
        "test_result",
        greetings.changeRepeat(repeat));
  }
}
