// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.peers;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloOperations;
import java.lang.reflect.Proxy;
import org.springframework.boot.SpringApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.jdbc.core.JdbcTemplate;

/**
 * The greeting service, except that it uses {@code JdbcTemplate} for greetings. Everything else is
 * the same.
 */
@Configuration(proxyBeanMethods = false)
public class JdbcTemplateTwin {
  private static final String HELLO = "SELECT pg_hello(?, ?)";

  @Bean
  @Primary
  PgHelloOperations jdbcTemplateOperations(JdbcTemplate jdbc, PgHelloClient client) {
    Class<?> operations = PgHelloOperations.class;
    return (PgHelloOperations)
        Proxy.newProxyInstance(
            operations.getClassLoader(),
            new Class<?>[] {operations},
            (proxy, method, args) ->
                method.getName().equals("hello") && args.length == 2
                    ? jdbc.queryForObject(HELLO, String.class, args)
                    : method.invoke(client, args));
  }

  /**
   * Starts the service.
   *
   * @param args the name of the service's main class
   */
  public static void main(String[] args) throws ClassNotFoundException {
    new SpringApplication(Class.forName(args[0]), JdbcTemplateTwin.class).run();
  }
}
