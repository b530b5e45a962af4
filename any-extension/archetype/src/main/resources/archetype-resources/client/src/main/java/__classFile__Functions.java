package ${package};

import io.pghello.extension.hibernate.ExtensionFunctionContributor;
import org.hibernate.boot.model.TypeContributions;
import org.hibernate.boot.model.TypeContributor;
import org.hibernate.service.ServiceRegistry;

/**
 * Registers the functions for HQL and Criteria, and the type {@link ${className}Point}. Hibernate
 * finds this class automatically.
 */
public class ${className}Functions extends ExtensionFunctionContributor implements TypeContributor {
  public ${className}Functions() {
    super(${className}Extension.DESCRIPTION);
  }

  @Override
  public void contribute(TypeContributions types, ServiceRegistry services) {
    types.contributeType(new ${className}PointType());
  }
}
