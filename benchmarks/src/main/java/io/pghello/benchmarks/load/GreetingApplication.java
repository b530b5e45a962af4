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

/** A Spring Boot application that greets over HTTP. An argument selects its controller. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class GreetingApplication {
  /**
   * The message that an application sends when it accepts requests.
   *
   * @param cpuMillis the CPU time that the JVM has used so far, including a first query
   * @param hasClient whether a client can be injected
   */
  public record Started(int port, double cpuMillis, boolean hasClient) {}

  /**
   * Starts the application. It runs until the parent JVM stops it or exits.
   *
   * @param args the controller's class, and properties
   */
  public static void main(String[] args) throws ClassNotFoundException, IOException {
    var application = new SpringApplication(GreetingApplication.class, Class.forName(args[0]));
    ConfigurableApplicationContext context =
        application.run(Arrays.copyOfRange(args, 1, args.length));
    context.getBean(JdbcTemplate.class).queryForObject("SELECT version()", String.class);
    double cpuMillis = CpuTime.Client.PROCESS.nanos() / 1e6;
    ChildJvm.sendToParent(
        System.out,
        new Started(
            context.getEnvironment().getRequiredProperty("local.server.port", Integer.class),
            cpuMillis,
            context.containsBean("pgHelloClient")));
    ChildJvm.endWithParent();
  }
}
