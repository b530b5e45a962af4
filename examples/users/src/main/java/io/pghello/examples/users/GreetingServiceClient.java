// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import io.pghello.examples.web.OutageLog;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.client.HttpClientErrorException;
import org.springframework.web.client.HttpServerErrorException;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestClientException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Calls the greeting service with short timeouts. A failed request is retried once. If half of the
 * requests fail, the service is not called for a few seconds. The size of responses is limited, and
 * redirects are not followed. Thread-safe.
 */
@Component
class GreetingServiceClient {
  // enough for ten of the longest names, with two escape sequences per character
  private static final int MAX_BYTES = 16 * 1024;

  private final JsonMapper mapper;
  private final @Nullable RestClient client;
  private final Retry retry;
  private final CircuitBreaker breaker;
  private final OutageLog outages;

  GreetingServiceClient(
      GreetingServiceProperties properties, JsonMapper mapper, OutageLog outages) {
    this.outages = outages;
    // properties of the response that this client does not need are ignored
    this.mapper =
        mapper.rebuild().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
    client = properties.url() == null ? null : client(properties, properties.url().toString());
    retry =
        Retry.of(
            "greeting-service",
            RetryConfig.custom()
                .maxAttempts(2)
                .waitDuration(Duration.ofMillis(50))
                // other errors are not retried, because the result would be the same
                .retryExceptions(ResourceAccessException.class, HttpServerErrorException.class)
                .build());
    breaker =
        CircuitBreaker.of(
            "greeting-service",
            CircuitBreakerConfig.custom()
                .slidingWindowSize(10)
                .minimumNumberOfCalls(5)
                .failureRateThreshold(50)
                .waitDurationInOpenState(properties.openFor())
                .permittedNumberOfCallsInHalfOpenState(1)
                // a client error is caused by one request, not by the service
                .recordException(e -> !(e instanceof HttpClientErrorException))
                .build());
  }

  private static RestClient client(GreetingServiceProperties properties, String url) {
    var factory =
        new JdkClientHttpRequestFactory(
            HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(properties.connectTimeout())
                .build());
    factory.setReadTimeout(properties.readTimeout());
    return RestClient.builder().baseUrl(url).requestFactory(factory).build();
  }

  /** A request to the service. Names are sent in the body, which can contain any name. */
  record Question(List<String> names) {}

  /** The relevant part of the service's response. */
  record Answer(@Nullable List<@Nullable Greeting> greetings) {
    /** The first and only greeting. */
    record Greeting(@Nullable String greeting) {}

    @Nullable String greeting() {
      Greeting first = greetings == null || greetings.isEmpty() ? null : greetings.get(0);
      return first == null ? null : first.greeting();
    }
  }

  /** Returns the greeting for a name; empty if the service is not called or does not respond. */
  Optional<String> greet(String name) {
    if (client == null) {
      return Optional.empty();
    }
    RestClient asked = client;
    byte[] question = mapper.writeValueAsBytes(new Question(List.of(name)));
    Supplier<@Nullable Answer> request =
        () ->
            asked
                .post()
                .uri("/greetings/batch")
                .contentType(MediaType.APPLICATION_JSON)
                .accept(MediaType.APPLICATION_JSON)
                .body(question)
                .exchange((sent, response) -> read(response));
    try {
      Answer answer =
          Retry.decorateSupplier(retry, CircuitBreaker.decorateSupplier(breaker, request)).get();
      return Optional.ofNullable(answer).map(Answer::greeting);
    } catch (CallNotPermittedException e) {
      return Optional.empty();
    } catch (RestClientException e) {
      outages.failed("GREETING_SERVICE_UNAVAILABLE", e.getMessage());
      return Optional.empty();
    } catch (Error e) {
      // otherwise, the circuit breaker's trial request would never end
      breaker.releasePermission();
      throw e;
    }
  }

  private @Nullable Answer read(ClientHttpResponse response) throws IOException {
    HttpStatusCode status = response.getStatusCode();
    // close the body here, because the HTTP client would otherwise read the rest of the response
    try (InputStream body = response.getBody()) {
      if (status.is5xxServerError()) {
        throw new HttpServerErrorException(status);
      }
      if (status.is4xxClientError()) {
        throw new HttpClientErrorException(status);
      }
      if (status.value() != HttpStatus.OK.value()) {
        throw new RestClientException("the response has status " + status);
      }
      byte[] answer = body.readNBytes(MAX_BYTES + 1);
      if (answer.length > MAX_BYTES) {
        throw new RestClientException("the response has more than " + MAX_BYTES + " bytes");
      }
      return mapper.readValue(answer, Answer.class);
    } catch (JacksonException e) {
      throw new RestClientException("the response does not contain the required JSON", e);
    }
  }
}
