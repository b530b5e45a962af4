// SPDX-License-Identifier: MIT
package io.pghello.examples.service;

import io.pghello.testkit.spring.AutoConfigurePgHello;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;

/**
 * The service without limits and with an administrator's token, shared by all tests with this
 * annotation.
 */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = {
      "greeting.admin-token=" + ServiceTest.TOKEN,
      // many tests send wrong tokens
      "greeting.admin-attempts=1000000",
      "greeting.rate-limit.enabled=false",
      // the interval is long enough that a change seen earlier must have come from a notification
      "greeting.config.poll-interval=1h"
    })
@AutoConfigurePgHello
@Import(ServiceTest.Counted.class)
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface ServiceTest {
  String TOKEN = "a-token-of-this-test";
  String BEARER = "Bearer " + TOKEN;

  @TestConfiguration(proxyBeanMethods = false)
  class Counted {
    @Bean
    StatementCounter statementCounter() {
      return new StatementCounter();
    }
  }
}
