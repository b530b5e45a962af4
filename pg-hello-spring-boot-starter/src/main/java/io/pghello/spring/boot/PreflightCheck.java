// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static java.util.stream.Collectors.joining;

import io.pghello.PgHelloClient;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.Preflight;
import io.pghello.spring.boot.PgHelloProperties.PreflightMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.SpringProperties;

/**
 * Checks whether the extension is usable, and reacts as set by {@code pg-hello.preflight}. Runs
 * after all beans have been created, when database migrations are complete. Takes one round trip
 * per client.
 */
final class PreflightCheck implements SmartInitializingSingleton {
  private static final Log LOG = LogFactory.getLog(PreflightCheck.class);

  private final ConfigurableListableBeanFactory beans;
  private final PgHelloProperties properties;

  PreflightCheck(ConfigurableListableBeanFactory beans, PgHelloProperties properties) {
    this.beans = beans;
    this.properties = properties;
  }

  @Override
  public void afterSingletonsInstantiated() {
    if (properties.preflight() == PreflightMode.OFF || isTraining()) {
      return;
    }
    List<CallProblem> problems = problems();
    // a problem that affects only the application's SQL does not make startup fail
    if (properties.preflight() == PreflightMode.FAIL
        && problems.stream().anyMatch(problem -> !problem.functions().isEmpty())) {
      throw new PreflightFailedException(problems);
    }
    for (CallProblem problem : problems) {
      LOG.warn(problem.toString());
    }
  }

  /** Checks each client. A problem that several clients share is returned only once. */
  private List<CallProblem> problems() {
    // the map is empty if a test has replaced the client with a mock of an interface
    Map<String, PgHelloClient> clients = Clients.all(beans);
    boolean several = clients.size() > 1;
    var found = new LinkedHashMap<CallProblem, List<String>>();
    clients.forEach(
        (name, client) -> {
          for (CallProblem problem : problems(client, several ? " by " + name : "")) {
            found
                .computeIfAbsent(
                    PgHelloAutoConfiguration.makes(name, beans)
                        ? SchemaRemedy.in(problem, properties.schema())
                        : problem,
                    key -> new ArrayList<>())
                .add(name);
          }
        });
    return found.entrySet().stream()
        .map(each -> several ? of(each.getValue(), each.getKey()) : each.getKey())
        .toList();
  }

  private List<CallProblem> problems(PgHelloClient client, String byWhich) {
    try {
      Preflight found = client.preflight();
      // the mock of a client returns null
      return found == null ? List.of() : found.problems();
    } catch (FunctionCallException e) {
      if (properties.preflight() == PreflightMode.FAIL) {
        throw e;
      }
      LOG.warn("Could not check whether pg_hello can be used" + byWhich + ": " + e.getMessage());
      return List.of();
    }
  }

  private static CallProblem of(List<String> clients, CallProblem problem) {
    return new CallProblem(
        problem.code(),
        "Client " + String.join(", ", clients) + ": " + problem.message(),
        problem.remedy(),
        problem.functions());
  }

  /**
   * Returns whether this is a training run, which exits after startup and does not require a
   * running database.
   */
  static boolean isTraining() {
    return "onRefresh".equalsIgnoreCase(SpringProperties.getProperty("spring.context.exit"));
  }

  /** Thrown to make startup fail if the extension cannot be used. */
  static final class PreflightFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // List.copyOf returns a serializable list
    private final List<CallProblem> problems;

    PreflightFailedException(List<CallProblem> problems) {
      super(problems.stream().map(CallProblem::toString).collect(joining(" ")));
      this.problems = List.copyOf(problems);
    }

    List<CallProblem> problems() {
      return problems;
    }
  }
}
