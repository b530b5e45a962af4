// SPDX-License-Identifier: MIT
package io.pghello.examples.service.graphql.bounds;

import graphql.ErrorType;
import graphql.ExecutionResult;
import graphql.GraphQLError;
import graphql.GraphqlErrorBuilder;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.graphql.server.WebGraphQlInterceptor;
import org.springframework.graphql.server.WebGraphQlRequest;
import org.springframework.graphql.server.WebGraphQlResponse;
import org.springframework.graphql.support.DefaultExecutionGraphQlResponse;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Limits the duration of a query, including parsing, validation and execution, to {@code
 * greeting.graphql-time-limit}. If a query takes longer, its thread is interrupted. Thread-safe.
 */
@Component
class GraphQlTimeLimit implements WebGraphQlInterceptor, DisposableBean {
  private static final int THREADS = 64;
  private static final int WAITING = 1_000;

  private final Duration limit;
  // uses platform threads, because CPU-bound virtual threads would block other requests
  private final Scheduler threads;

  GraphQlTimeLimit(@Value("${greeting.graphql-time-limit:7s}") Duration limit) {
    this.limit = limit;
    var factory = new CustomizableThreadFactory("graphql-");
    factory.setDaemon(true);
    var executor =
        new ThreadPoolExecutor(
            THREADS, THREADS, 60, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), factory);
    executor.allowCoreThreadTimeOut(true);
    threads = Schedulers.fromExecutorService(executor);
  }

  @Override
  public Mono<WebGraphQlResponse> intercept(WebGraphQlRequest request, Chain chain) {
    return Mono.defer(() -> chain.next(request))
        .subscribeOn(threads)
        .timeout(limit)
        .onErrorResume(
            TimeoutException.class,
            e -> Mono.just(refusal(request, "TIMEOUT", "The query takes too long.")))
        .onErrorResume(
            RejectedExecutionException.class,
            e -> Mono.just(refusal(request, "OVERLOADED", "The service is busy.")));
  }

  private static WebGraphQlResponse refusal(
      WebGraphQlRequest request, String code, String message) {
    GraphQLError error =
        GraphqlErrorBuilder.newError()
            .errorType(ErrorType.ExecutionAborted)
            .message(message)
            .extensions(Map.of("code", code))
            .build();
    return new WebGraphQlResponse(
        new DefaultExecutionGraphQlResponse(
            request.toExecutionInput(),
            ExecutionResult.newExecutionResult().addError(error).build()));
  }

  @Override
  public void destroy() {
    threads.dispose();
  }
}
