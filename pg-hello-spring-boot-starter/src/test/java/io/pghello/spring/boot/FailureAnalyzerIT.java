// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.mock.env.MockEnvironment;

/** Tests which startup errors are explained, and which print a stack trace. */
class FailureAnalyzerIT {
  private static final Set<Code> EXPLAINED =
      EnumSet.of(
          Code.FILES_MISSING,
          Code.NOT_CREATED,
          Code.NOT_ON_SEARCH_PATH,
          Code.WRONG_SCHEMA,
          Code.VERSION_TOO_OLD,
          Code.INCOMPATIBLE_BUILD,
          Code.NO_SCHEMA_PRIVILEGE,
          Code.NO_EXECUTE_PRIVILEGE,
          Code.LOGIN_FAILED,
          Code.CONNECTION_UNAVAILABLE);

  @ParameterizedTest
  @EnumSource
  void explainsProblemsFixedBySqlOrConfiguration(Code code) {
    var failure = new IllegalStateException(new FunctionCallException(code, "It is so."));
    FailureAnalysis analysis = new PgHelloFailureAnalyzer(null).analyze(failure);
    assertThat(analysis == null ? null : analysis.getDescription())
        .isEqualTo(EXPLAINED.contains(code) ? "It is so. [" + code + "]" : null);
  }

  @Test
  void mentionsThePropertyIfNoSchemaIsSet() {
    var problem = new CallProblem(Code.NOT_ON_SEARCH_PATH, "It is not there.", "Set the path.");
    var failure = new FunctionCallException(problem, null, null);
    assertThat(action(failure, "ext")).isEqualTo("Set the path.");
    assertThat(action(failure, " "))
        .isEqualTo("Set the path. For Hibernate and jOOQ, set pg-hello.schema to that schema.");
  }

  @Test
  void mentionsThePropertyIfTheClientHasAnotherSchema() {
    var problem =
        new CallProblem(
            Code.WRONG_SCHEMA, "It is elsewhere.", "Move it.", Set.of("pg_hello(text)"));
    var failure = new FunctionCallException(problem, null, null);
    assertThat(action(failure, "ext")).startsWith("Set pg-hello.schema to that schema, or remove");
    assertThat(action(failure, " ")).isEqualTo("Move it.");
    var ofHibernate = new CallProblem(Code.WRONG_SCHEMA, "It is elsewhere.", "Set Hibernate's.");
    assertThat(action(new FunctionCallException(ofHibernate, null, null), "ext"))
        .isEqualTo("Set Hibernate's.");
  }

  private static String action(FunctionCallException failure, String schema) {
    var environment = new MockEnvironment().withProperty("pg-hello.schema", schema);
    return requireNonNull(new PgHelloFailureAnalyzer(environment).analyze(failure)).getAction();
  }

  @Test
  void ignoresOtherProperties() {
    var environment =
        new MockEnvironment()
            .withProperty("pg-hello.default-repeat", "11")
            .withProperty("other.repeat", "11");
    var analyzer = new InvalidPropertyFailureAnalyzer(environment);
    assertThat(analyzer.analyze(invalid("pg-hello.default-repeat"))).isNotNull();
    assertThat(analyzer.analyze(invalid("other.repeat"))).isNull();
  }

  private static InvalidConfigurationPropertyValueException invalid(String property) {
    return new InvalidConfigurationPropertyValueException(property, 11, "it must be less");
  }
}
