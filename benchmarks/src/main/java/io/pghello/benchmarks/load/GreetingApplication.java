// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import io.pghello.benchmarks.harness.ChildJvm;
import io.pghello.benchmarks.harness.CpuTime;
import java.io.IOException;
import java.util.Arrays;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;

/** An application with Spring Boot that greets over HTTP, with one of the controllers. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class GreetingApplication {
  /**
   * The message of an application that takes requests.
   *
   * @param cpuMillis what its JVM has needed until then, and for a first query
   * @param hasClient whether there is a client to inject
   */
  public record Started(int port, double cpuMillis, boolean hasClient) {}

  /**
   * Starts it; it runs until the JVM that started this one ends it, or ends.
   *
   * @param args the controller's class, and properties
   */
  public static void main(String[] args) throws ClassNotFoundException, IOException {
    var application = new SpringApplication(GreetingApplication.class, Class.forName(args[0]));
    ConfigurableApplicationContext context =
        application.run(Arrays.copyOfRange(args, 1, args.length));
    context.getBean(JdbcTemplate.class).queryForObject("SELECT version()", String.class);
    double cpuMillis = CpuTime.Client.PROCESS.nanos() / 1e6;
    ChildJvm.say(
        System.out,
        new Started(
            context.getEnvironment().getRequiredProperty("local.server.port", Integer.class),
            cpuMillis,
            context.containsBean("pgHelloClient")));
    ChildJvm.endWithParent();
  }
}
