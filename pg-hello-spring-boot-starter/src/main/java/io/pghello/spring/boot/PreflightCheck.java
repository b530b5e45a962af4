// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static java.util.stream.Collectors.joining;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloException;
import io.pghello.PgHelloProblem;
import io.pghello.spring.boot.PgHelloProperties.Preflight;
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
 * Looks, when all beans are there and so the database is migrated, whether the extension can be
 * used, and does about it what {@code pg-hello.preflight} says. Takes one round trip for each
 * client.
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
    if (properties.preflight() == Preflight.OFF || isTraining()) {
      return;
    }
    List<PgHelloProblem> problems = problems();
    // what concerns SQL of the application alone is no reason not to start
    if (properties.preflight() == Preflight.FAIL
        && problems.stream().anyMatch(problem -> !problem.functions().isEmpty())) {
      throw new PreflightFailedException(problems);
    }
    for (PgHelloProblem problem : problems) {
      LOG.warn(problem.toString());
    }
  }

  /** Asks for each client, and returns what several of them have in common once. */
  private List<PgHelloProblem> problems() {
    // none if a test has put a mock of an interface in its place
    Map<String, PgHelloClient> clients = Clients.all(beans);
    boolean several = clients.size() > 1;
    var found = new LinkedHashMap<PgHelloProblem, List<String>>();
    clients.forEach(
        (name, client) -> {
          for (PgHelloProblem problem : ask(client, several ? " by " + name : "")) {
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

  private List<PgHelloProblem> ask(PgHelloClient client, String byWhich) {
    try {
      return client.preflight();
    } catch (PgHelloException e) {
      if (properties.preflight() == Preflight.FAIL) {
        throw e;
      }
      LOG.warn("It is not known whether pg_hello can be used" + byWhich + ": " + e.getMessage());
      return List.of();
    }
  }

  private static PgHelloProblem of(List<String> clients, PgHelloProblem problem) {
    return new PgHelloProblem(
        problem.code(),
        "Client " + String.join(", ", clients) + ": " + problem.message(),
        problem.remedy(),
        problem.functions());
  }

  /** Returns whether the JVM only starts in order to be observed, and no database needs to run. */
  static boolean isTraining() {
    return "onRefresh".equalsIgnoreCase(SpringProperties.getProperty("spring.context.exit"));
  }

  /** The extension cannot be used, and the application was not to start without it. */
  static final class PreflightFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // what List.copyOf returns is serializable
    private final List<PgHelloProblem> problems;

    PreflightFailedException(List<PgHelloProblem> problems) {
      super(problems.stream().map(PgHelloProblem::toString).collect(joining(" ")));
      this.problems = List.copyOf(problems);
    }

    List<PgHelloProblem> problems() {
      return problems;
    }
  }
}
