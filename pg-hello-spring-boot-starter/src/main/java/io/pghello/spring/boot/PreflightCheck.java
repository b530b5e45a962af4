// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static java.util.stream.Collectors.joining;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloException;
import io.pghello.PgHelloProblem;
import io.pghello.spring.boot.PgHelloProperties.Preflight;
import java.util.List;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.core.SpringProperties;

/**
 * Looks, when all beans are there and so the database is migrated, whether the extension can be
 * used, and does about it what {@code pg-hello.preflight} says. Takes one round trip.
 */
final class PreflightCheck implements SmartInitializingSingleton {
  private static final Log LOG = LogFactory.getLog(PreflightCheck.class);

  private final ObjectProvider<PgHelloClient> client;
  private final PgHelloProperties properties;

  PreflightCheck(ObjectProvider<PgHelloClient> client, PgHelloProperties properties) {
    this.client = client;
    this.properties = properties;
  }

  @Override
  public void afterSingletonsInstantiated() {
    // a test may have put a mock of an interface in its place
    PgHelloClient asked = client.getIfAvailable();
    if (asked == null || properties.preflight() == Preflight.OFF || isTraining()) {
      return;
    }
    List<PgHelloProblem> problems;
    try {
      problems = asked.preflight();
    } catch (PgHelloException e) {
      if (properties.preflight() == Preflight.FAIL) {
        throw e;
      }
      LOG.warn("It is not known whether pg_hello can be used: " + e.getMessage());
      return;
    }
    // what concerns SQL of the application alone is no reason not to start
    if (properties.preflight() == Preflight.FAIL
        && problems.stream().anyMatch(problem -> !problem.functions().isEmpty())) {
      throw new PreflightFailedException(problems);
    }
    for (PgHelloProblem problem : problems) {
      LOG.warn(problem.toString());
    }
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
