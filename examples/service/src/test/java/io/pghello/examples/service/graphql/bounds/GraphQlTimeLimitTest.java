// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql.bounds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import graphql.ErrorType;
import graphql.ExecutionResult;
import graphql.execution.instrumentation.InstrumentationContext;
import graphql.execution.instrumentation.InstrumentationState;
import graphql.execution.instrumentation.SimplePerformantInstrumentation;
import graphql.execution.instrumentation.parameters.InstrumentationExecuteOperationParameters;
import graphql.execution.instrumentation.parameters.InstrumentationExecutionParameters;
import graphql.execution.instrumentation.parameters.InstrumentationValidationParameters;
import graphql.language.Document;
import graphql.validation.ValidationError;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.ClassPathResource;
import org.springframework.graphql.ExecutionGraphQlService;
import org.springframework.graphql.ResponseError;
import org.springframework.graphql.execution.DefaultExecutionGraphQlService;
import org.springframework.graphql.execution.GraphQlSource;
import org.springframework.graphql.server.WebGraphQlHandler;
import org.springframework.graphql.server.WebGraphQlRequest;
import org.springframework.graphql.server.WebGraphQlResponse;
import org.springframework.http.HttpHeaders;
import org.springframework.util.LinkedMultiValueMap;

/** Tests the time limit with queries that never end, in each phase. */
@Timeout(120)
class GraphQlTimeLimitTest {
  private final CountDownLatch goOn = new CountDownLatch(1);
  private final ExecutionGraphQlService service =
      new DefaultExecutionGraphQlService(
          GraphQlSource.schemaResourceBuilder()
              .schemaResources(new ClassPathResource("graphql/schema.graphqls"))
              .instrumentation(List.of(new Holding()))
              .build());

  /** Blocks a query in the phase that the query's text names. */
  private final class Holding extends SimplePerformantInstrumentation {
    @Override
    public @Nullable InstrumentationContext<Document> beginParse(
        InstrumentationExecutionParameters parameters, InstrumentationState state) {
      holdIf(parameters.getQuery().endsWith("#parsing"));
      return super.beginParse(parameters, state);
    }

    @Override
    public @Nullable InstrumentationContext<List<ValidationError>> beginValidation(
        InstrumentationValidationParameters parameters, InstrumentationState state) {
      holdIf(parameters.getQuery().endsWith("#validation"));
      return super.beginValidation(parameters, state);
    }

    @Override
    public @Nullable InstrumentationContext<ExecutionResult> beginExecuteOperation(
        InstrumentationExecuteOperationParameters parameters, InstrumentationState state) {
      holdIf(
          parameters.getExecutionContext().getExecutionInput().getQuery().endsWith("#execution"));
      return super.beginExecuteOperation(parameters, state);
    }

    // ignores interrupts, like CPU-bound code
    private void holdIf(boolean held) {
      while (held && goOn.getCount() > 0) {
        Thread.onSpinWait();
      }
    }
  }

  @AfterEach
  void letGo() {
    goOn.countDown();
  }

  private WebGraphQlResponse answer(String query, Duration timeLimit) {
    var limit = new GraphQlTimeLimit(timeLimit);
    try {
      return Objects.requireNonNull(
          WebGraphQlHandler.builder(service)
              .interceptors(List.of(limit))
              .build()
              .handleRequest(
                  new WebGraphQlRequest(
                      URI.create("/graphql"),
                      new HttpHeaders(),
                      new LinkedMultiValueMap<>(),
                      InetSocketAddress.createUnresolved("localhost", 80),
                      Map.of(),
                      Map.of("query", query),
                      "1",
                      Locale.ROOT))
              .block());
    } finally {
      limit.destroy();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"parsing", "validation", "execution"})
  void endsTheWaitInAnyPhaseOfTheQuery(String where) {
    WebGraphQlResponse answer = answer("{__typename}#" + where, Duration.ofSeconds(1));
    assertThat(answer.getErrors())
        .extracting(ResponseError::getErrorType, ResponseError::getExtensions)
        .containsExactly(tuple(ErrorType.ExecutionAborted, Map.of("code", "TIMEOUT")));
  }

  @Test
  void doesNotAffectOtherQueries() {
    assertThat(answer("{__typename}", Duration.ofSeconds(60)).<Map<String, Object>>getData())
        .containsEntry("__typename", "Query");
  }
}
